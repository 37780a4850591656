"""Shared by encoder and decoders: memory of neighbouring frames, positions, masks, the feed-forward layer."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Memory(nn.Module):
    """Adds to each frame a weighted sum, per channel, of itself and a few frames before and after it.

    Source: Zhang et al., "Feedforward Sequential Memory Networks", 2015. Computed as a sum of shifted frames in
    single precision: a depthwise convolution is slower on CPUs, in half precision a hundred times.
    """

    def __init__(self, width: int, kernel_size: int, shift: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width, 1, kernel_size))
        self.before = (kernel_size - 1) // 2 + shift
        self.after = kernel_size - 1 - self.before

    def forward(self, x_BTD: Tensor, padding_BT1: Tensor | None) -> Tensor:
        """Return (B, T, D); padding is neither read nor written."""
        frames = x_BTD.shape[1]
        if padding_BT1 is not None:
            x_BTD = x_BTD.masked_fill(padding_BT1, 0.0)
        if x_BTD.device.type != "cpu":
            padded_BDT = F.pad(x_BTD, (0, 0, self.before, self.after)).transpose(1, 2)
            return F.conv1d(padded_BDT, self.weight, groups=len(self.weight)).transpose(1, 2) + x_BTD
        weight_ND = self.weight[:, 0].t().float().contiguous()
        padded_BTD = F.pad(x_BTD.float(), (0, 0, self.before, self.after))
        y_BTD = padded_BTD[:, self.before : self.before + frames].clone()
        for place, weight_D in enumerate(weight_ND):
            y_BTD = torch.addcmul(y_BTD, padded_BTD[:, place : place + frames], weight_D)
        return y_BTD.to(x_BTD.dtype)


class FeedForward(nn.Module):
    """Two linear layers with a ReLU between them, applied to each frame separately."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.w_1 = nn.Linear(width, hidden)
        self.activation = nn.ReLU()
        self.w_2 = nn.Linear(hidden, width)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.w_2(self.activation(self.w_1(x_BTD)))


def sinusoids(frames: int, width: int, device: torch.device) -> Tensor:
    """Return positions 1, 2, ... as (T, width): all sines, then all cosines (Vaswani et al. 2017)."""
    place_T1 = torch.arange(1, frames + 1, dtype=torch.float32, device=device)[:, None]
    step = math.log(10_000) / (width / 2 - 1)
    rate_D = torch.exp(torch.arange(width // 2, dtype=torch.float32, device=device) * -step)
    angle_TD = place_T1 * rate_D
    return torch.cat((angle_TD.sin(), angle_TD.cos()), -1)


def padding_of(lengths_B: Tensor, frames: int) -> Tensor | None:
    """Return True after the end of each row (B, T); None, which saves the masking, if no row is padded."""
    padding_BT = torch.arange(frames, device=lengths_B.device) >= lengths_B[:, None]
    return padding_BT if padding_BT.any() else None


def attention_bias(padding_BT: Tensor | None, dtype: torch.dtype) -> Tensor | None:
    """Return the bias that hides padding from attention (B, 1, 1, T)."""
    if padding_BT is None:
        return None
    hidden = padding_BT[:, None, None]
    return torch.zeros(hidden.shape, dtype=dtype, device=hidden.device).masked_fill(hidden, float("-inf"))
