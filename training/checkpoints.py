"""Training checkpoints on disk: everything to go on from, written whole or not at all."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

_NAME = re.compile(r"step-(\d+)\.pt$")


@dataclass(frozen=True)
class Checkpoint:
    """State of model and optimiser, steps done, and the next batch of which epoch."""

    model: dict[str, Any]
    optimiser: dict[str, Any]
    step: int
    epoch: int
    batch: int


def save_checkpoint(checkpoint: Checkpoint, folder: Path, keep: int) -> Path:
    """Write step-N.pt; of older ones only the newest `keep` stay."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{checkpoint.step}.pt"
    part = path.with_suffix(".part")
    torch.save(asdict(checkpoint), part)
    part.replace(path)
    for old in checkpoints(folder)[:-keep]:
        old.unlink()
    return path


def load_checkpoint(path: Path) -> Checkpoint:
    return Checkpoint(**torch.load(path, weights_only=True))


def checkpoints(folder: Path) -> list[Path]:
    """Oldest first."""
    return sorted(folder.glob("step-*.pt"), key=_step)


def latest(folder: Path) -> Path | None:
    found = checkpoints(folder)
    return found[-1] if found else None


def _step(path: Path) -> int:
    match = _NAME.search(path.name)
    return int(match[1]) if match else -1
