"""Training checkpoints on disk: everything to go on from, written whole or not at all."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.whisper import encoder_state

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
    """Read a checkpoint to the CPU, wherever it was made."""
    return Checkpoint(**torch.load(path, weights_only=True, map_location="cpu"))


def load_weights(model: nn.Module, path: Path) -> None:
    """Start from another training's checkpoint, from an exported final.pt (its heads for training start anew), or from
    the encoder in a `model.bin` of Whisper (halving and all heads start anew).

    Raises ValueError where a weight has another shape or name.
    """
    if path.suffix == ".bin":
        _load_encoder(model, path)
        return
    state = torch.load(path, weights_only=True, map_location="cpu")
    state = state["model"] if "model" in state else {f"network.{name}": t for name, t in state.items()}
    missing, unknown = model.load_state_dict(state, strict=False)
    if unknown or any(name.startswith("network.") for name in missing):
        raise ValueError(f"{path} is of another network: {unknown or missing}")


def _load_encoder(model: nn.Module, path: Path) -> None:
    state = {f"network.encoder.{name}": tensor for name, tensor in encoder_state(path).items()}
    missing, unknown = model.load_state_dict(state, strict=False)
    new = ("network.encoder.halving.", "network.ctc.", "syllable_head.")
    if unknown or any(not name.startswith(new) for name in missing):
        raise ValueError(f"{path} is of another network: {unknown or missing}")


def checkpoints(folder: Path) -> list[Path]:
    """Oldest first."""
    return sorted(folder.glob("step-*.pt"), key=_step)


def latest(folder: Path) -> Path | None:
    found = checkpoints(folder)
    return found[-1] if found else None


def _step(path: Path) -> int:
    match = _NAME.search(path.name)
    return int(match[1]) if match else -1
