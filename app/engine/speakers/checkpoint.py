"""Reads the two published files into their networks; only tensors are taken from them, and nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.torch_version import TorchVersion

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileUnreadable
from app.engine.catalog.speaker_folder import EMBEDDING_FILE, SEGMENTATION_FILE, require_files
from app.engine.sanm.weights import check_weights, shapes_of
from app.engine.speakers.campplus import CamPlusPlus
from app.engine.speakers.segmentation import SegmentationNetwork

PYANNOTE = "pyannote.audio.core.task."
NetworkT = TypeVar("NetworkT", bound=nn.Module)


class _Unused:
    """Stands for the classes of pyannote.audio that its file describes its training with."""

    def __init__(self, *_: object) -> None:
        pass


ALLOWED: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    TorchVersion,
    *((_Unused, PYANNOTE + name) for name in ("Specifications", "Problem", "Resolution")),
]


def load_embedding_network(folder: Path) -> CamPlusPlus:
    """Load CAM++ from a model folder.

    Raises:
        ModelError: a file is missing or damaged, or its weights are of another network.
    """
    require_files(folder)
    return _filled(CamPlusPlus(), folder / EMBEDDING_FILE)


def load_segmentation_network(folder: Path) -> SegmentationNetwork:
    """Load segmentation-3.0 from a model folder.

    Raises:
        ModelError: a file is missing or damaged, or its weights are of another network.
    """
    require_files(folder)
    return _filled(SegmentationNetwork(), folder / SEGMENTATION_FILE)


def _filled(network: NetworkT, file: Path) -> NetworkT:
    tensors = _tensors(file)
    check_weights(file, shapes_of(tensors), network)
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(requires_grad=False)


def _tensors(file: Path) -> Mapping[str, Tensor]:
    try:
        with torch.serialization.safe_globals(ALLOWED):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can fail anywhere in zip and pickle
        raise ModelFileUnreadable(file=str(file), reason=" ".join(str(error).split())[:300]) from error
    held = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(held, dict) or not all(isinstance(tensor, Tensor) for tensor in held.values()):
        raise ModelFileUnreadable(file=str(file), reason=N_("it is not a table of tensors"))
    return held
