"""Loads a WeNet model folder, of either public dialect, into a network. Mismatches are refused by name.

A folder holds train.yaml, final.pt (a state dict in single or half precision) and units.txt. Feature normalisation
always comes from the state dict.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from app.domain.errors.base import N_
from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelFolderMissing,
    ModelWeightsMismatch,
)
from app.engine.conformer import Conformer, ConformerConfig, UnsupportedConfig
from app.engine.conformer.config import check_features

CONFIG_FILE = "train.yaml"
WEIGHTS_FILE = "final.pt"
MINIMUM_CONFIDENCE = 0.3  # below it a greedy text is mostly guessed; a model may define its own measured value
NAMES_SHOWN = 3  # mismatched tensors named in an error
INCOMPLETE = N_("it is incomplete, or no file of PyTorch")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network with its weights, ready for inference on the CPU in single precision."""

    folder: Path
    config: ConformerConfig
    model: Conformer
    minimum_confidence: float
    """Text below this mean token probability is dropped (`recognition: minimum_confidence`)."""
    parameters: int
    """Counted before anything rewrites the network."""


def load_checkpoint(folder: Path, *, seal_padding: bool = False) -> Checkpoint:
    """Load the folder.

    Args:
        folder: holds train.yaml and final.pt.
        seal_padding: make every recording independent of its neighbours in a batch, unlike WeNet.

    Raises:
        ModelFolderMissing, ModelFileMissing, ModelFileUnreadable: by folder and file.
        ModelConfigUnsupported: an unsupported layer type or value.
        ModelWeightsMismatch: a tensor is missing, unknown, of the wrong shape, or not finite.
    """
    train = _read_config(folder)
    state = _read_weights(folder)
    config = _network_config(folder, train, state)
    if seal_padding:
        config = replace(config, encoder=replace(config.encoder, seal_padding=True))
    model = _build(folder, config, state)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Checkpoint(folder, config, model, _minimum_confidence(folder, train), parameters)


def _read_config(folder: Path) -> Mapping[str, Any]:
    if not folder.is_dir():
        raise ModelFolderMissing(folder=str(folder))
    file = _existing(folder, CONFIG_FILE)
    try:
        train = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelFileUnreadable(file=str(file), reason=_one_line(error)) from error
    if not isinstance(train, dict):
        raise ModelFileUnreadable(file=str(file), reason=N_("it is not a table of keys and values"))
    return train


def _read_weights(folder: Path) -> dict[str, Tensor]:
    file = _existing(folder, WEIGHTS_FILE)
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can fail anywhere in zip and pickle
        reason = _one_line(error) if zipfile.is_zipfile(file) else INCOMPLETE
        raise ModelFileUnreadable(file=str(file), reason=reason) from error
    if not isinstance(state, dict) or not all(_is_weight(*item) for item in state.items()):
        raise ModelFileUnreadable(file=str(file), reason=N_("it is not a table of tensors"))
    return {name: _single_precision(value) for name, value in state.items() if not _is_superfluous(name)}


def _is_weight(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, Tensor)


def _existing(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise ModelFileMissing(folder=str(folder), file=name)
    return folder / name


def _is_superfluous(name: str) -> bool:
    """Position tables are computed here; concat_linear exists in old checkpoints, but was never used."""
    return name.endswith(".pe") or any(part.startswith("concat_linear") for part in name.split("."))


def _single_precision(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _network_config(folder: Path, train: Mapping[str, Any], state: Mapping[str, Tensor]) -> ConformerConfig:
    try:
        config = ConformerConfig.from_yaml_dict(train)
        check_features(train)
    except UnsupportedConfig as error:
        raise ModelConfigUnsupported(file=str(folder / CONFIG_FILE), reason=str(error)) from error
    return replace(config, cmvn=config.cmvn or "encoder.global_cmvn.mean" in state)


def _build(folder: Path, config: ConformerConfig, state: dict[str, Tensor]) -> Conformer:
    try:
        with torch.device("meta"):  # shapes without memory: a wrong configuration costs nothing
            model = Conformer(config)
    except (ValueError, TypeError, RuntimeError) as error:  # such as a dropout_rate of 2
        raise ModelConfigUnsupported(file=str(folder / CONFIG_FILE), reason=_one_line(error)) from error
    problems = _misfits(model.state_dict(), state)
    if problems:
        more = f" (and {len(problems) - NAMES_SHOWN} more)" if len(problems) > NAMES_SHOWN else ""
        raise ModelWeightsMismatch(
            file=str(folder / WEIGHTS_FILE), reason="; ".join(islice(problems, NAMES_SHOWN)) + more
        )
    model.load_state_dict(state, assign=True)
    return model.eval()


def _misfits(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    missing = [f"the layer {name} is missing" for name in expected if name not in state]
    unknown = [f"the layer {name} is unknown" for name in state if name not in expected]
    shapes = [
        f"{name} has the shape {_shape(state[name])}, the configuration says {_shape(tensor)}"
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    ]
    infinite = [f"{name} has values that are not numbers" for name in state if not state[name].isfinite().all()]
    return shapes + missing + unknown + infinite


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _minimum_confidence(folder: Path, train: Mapping[str, Any]) -> float:
    recognition = train.get("recognition") or {}
    value = recognition.get("minimum_confidence", MINIMUM_CONFIDENCE) if isinstance(recognition, dict) else None
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        reason = "recognition: minimum_confidence is not a number from 0 to 1"
        raise ModelConfigUnsupported(file=str(folder / CONFIG_FILE), reason=reason)
    return float(value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
