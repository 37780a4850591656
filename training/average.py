"""The mean of the newest checkpoints' networks: a better model than the last one alone."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from training.checkpoints import load_checkpoint

_PREFIX = "network."


def averaged_network(paths: Sequence[Path]) -> dict[str, Tensor]:
    """State dict of the shipped network, the arithmetic mean over the checkpoints. Raises ValueError for none."""
    if not paths:
        raise ValueError("there is no checkpoint to average: run training.train first")
    total: dict[str, Tensor] = {}
    for path in paths:
        for name, tensor in network_state(path).items():
            total[name] = total[name] + tensor if name in total else tensor.double()
    return {name: (tensor / len(paths)).float() for name, tensor in total.items()}


def network_state(path: Path) -> dict[str, Tensor]:
    model = load_checkpoint(path).model
    state = {name.removeprefix(_PREFIX): t for name, t in model.items() if name.startswith(_PREFIX)}
    return {name: tensor.to(torch.float32) for name, tensor in state.items()}
