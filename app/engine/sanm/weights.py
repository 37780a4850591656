"""Compares the tensors of a checkpoint with a built network: names and shapes. Reads no configuration.

FunASR itself skips mismatches, at most with a log line, so that a wrong checkpoint outputs nonsense.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileUnreadable, ModelWeightsMismatch

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""Name of a tensor to its shape."""

NAMES_SHOWN = 3  # of all mismatched tensors
WRAPPERS = ("state_dict", "model_state_dict", "model")  # keys under which trainers save the weights
PARALLEL = "module."  # prefix of names after training on several GPUs
INCOMPLETE = N_("it is incomplete, or no file of PyTorch")


def read_tensors(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint; memory-mapped if the format allows it.

    Raises:
        ModelFileUnreadable: it is damaged, or not a table of tensors.
    """
    content = _read(file)
    for wrapper in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict) or not content:
        raise ModelFileUnreadable(file=str(file), reason=N_("it is not a table of tensors"))
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    return {name.removeprefix(PARALLEL): value for name, value in tensors.items()}


def shapes_of(tensors: Mapping[str, Tensor]) -> Shapes:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def _read(file: Path) -> object:
    is_mappable = zipfile.is_zipfile(file)  # files of PyTorch before 1.6 are not
    try:
        return torch.load(file, map_location="cpu", weights_only=True, mmap=is_mappable)
    except Exception as error:  # a damaged file can fail anywhere in zip and pickle
        reason = " ".join(str(error).split())[:300] if is_mappable else INCOMPLETE
        raise ModelFileUnreadable(file=str(file), reason=reason) from error


def check_weights(file: Path, held: Shapes, network: nn.Module) -> None:
    """Compare the tensors of the file with those of the built network.

    Args:
        file: for the error.
        held: from `shapes_of`.
        network: built as the configuration says.

    Raises:
        ModelWeightsMismatch: a tensor is missing, unknown or of another shape.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    problems = _shapes(expected, held) + _missing(expected, held) + _unknown(expected, held)
    if problems:
        more = f" (and {len(problems) - NAMES_SHOWN} more)" if len(problems) > NAMES_SHOWN else ""
        raise ModelWeightsMismatch(file=str(file), reason="; ".join(islice(problems, NAMES_SHOWN)) + more)


def _shapes(expected: Shapes, held: Shapes) -> list[str]:
    return [
        f"{name} has the shape {_said(held[name])}, the configuration says {_said(shape)}"
        for name, shape in expected.items()
        if held.get(name, shape) != shape
    ]


def _missing(expected: Shapes, held: Shapes) -> list[str]:
    return [f"the layer {name} is missing" for name in expected if name not in held]


def _unknown(expected: Shapes, held: Shapes) -> list[str]:
    return [f"the layer {name} is unknown" for name in held if name not in expected]


def _said(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
