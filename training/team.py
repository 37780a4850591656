"""The processes that train together: who takes which batch, and the mean of their gradients."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Team:
    """One process among `size`; alone unless torchrun says otherwise."""

    rank: int = 0
    size: int = 1

    def share_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by the mean over the team, in one message."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients]) / self.size
        torch.distributed.all_reduce(flat)
        for gradient, mean in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))


@contextmanager
def joined_team() -> Iterator[Team]:
    """The team that torchrun started, or a team of one."""
    if "WORLD_SIZE" not in os.environ:
        yield Team()
        return
    torch.distributed.init_process_group("gloo")
    try:
        yield Team(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()
