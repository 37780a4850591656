"""Locations of models, and the result of verifying one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.engine.catalog.known_models import BUILTIN, BUILTIN_LARGE, RECOMMENDED, RECOMMENDED_ON_CUDA


@dataclass(frozen=True, slots=True)
class ModelPlaces:
    """Locations and sources of models."""

    models_dir: Path
    builtin: Path
    """The small built-in model, which always exists."""
    data_dir: Path
    fixed: Path | None
    """The folder given by --model or FUNASR_MODEL; overrides every selection."""
    wenet_mirror: str
    large: Path | None = None
    """The large built-in model, if this installation has it."""
    default: str = BUILTIN
    """The name of the model used until one is selected."""
    named: tuple[Path, ...] = ()
    """The folders given by other settings, such as FUNASR_PUNCTUATION_MODEL."""

    @property
    def is_default_best(self) -> bool:
        """Return whether the default beats the model downloaded on the first start in its languages."""
        return self.default == BUILTIN_LARGE

    def recommended_on(self, device: str) -> str:
        """Return the name of the model that suits a device best: a GPU can run a large one."""
        if device.startswith("cuda"):
            return RECOMMENDED_ON_CUDA
        return BUILTIN_LARGE if self.is_default_best else RECOMMENDED


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a verification; a damaged model raises an error instead."""

    has_checksums: bool
    """False if there was nothing to compare the files with."""
