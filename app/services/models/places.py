"""Where models lie, and what looking at one has found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.engine.catalog.known_models import BUILTIN, BUILTIN_LARGE, RECOMMENDED, RECOMMENDED_ON_CUDA


@dataclass(frozen=True, slots=True)
class ModelPlaces:
    """Where models lie and come from."""

    models_dir: Path
    builtin: Path
    """The small one, which is always there."""
    data_dir: Path
    fixed: Path | None
    """The folder that --model or FUNASR_MODEL names; it wins over every choice."""
    wenet_mirror: str
    large: Path | None = None
    """The large built-in model, where this installation has it."""
    default: str = BUILTIN
    """The name of the model that is used until somebody chooses one."""
    named: tuple[Path, ...] = ()
    """The folders that other settings name, such as FUNASR_PUNCTUATION_MODEL."""

    @property
    def is_default_best(self) -> bool:
        """Whether the default is better in its languages than the model that a first start downloads."""
        return self.default == BUILTIN_LARGE

    def recommended_on(self, device: str) -> str:
        """Return the name of the model that suits a machine best: a graphics card carries a large one."""
        if device.startswith("cuda"):
            return RECOMMENDED_ON_CUDA
        return BUILTIN_LARGE if self.is_default_best else RECOMMENDED


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found; a damaged model is an error instead."""

    has_checksums: bool
    """False: there was nothing to compare the files with."""
