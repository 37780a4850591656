"""Sinusoidal positions (Vaswani et al. 2017, section 3.5), computed for as many frames as a recording has.

Whisper's (Radford et al. 2022) keep the sines apart from the cosines, fall to 1/10000 exactly, and are added to the
input as it is.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

FIRST_FRAMES = 1024


class Positions(nn.Module):
    """Scales the input by sqrt(width), returns position encodings, and adds them for `abs_pos`.

    `abs_pos_whisper` adds them without scaling.

    The table is not part of the checkpoint and grows with the longest input, so recordings may be of any length.
    """

    def __init__(self, kind: str, width: int, dropout_rate: float) -> None:
        super().__init__()
        self.kind = kind
        self.scale = 1.0 if kind in ("no_pos", "abs_pos_whisper") else math.sqrt(width)
        self.dropout = nn.Dropout(dropout_rate)
        self._table_TD: Tensor | None = None

    def forward(self, x_BTD: Tensor, places_BT: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the scaled input (B, T, D) and the positions, all zero for `no_pos`.

        Args:
            x_BTD: frames or tokens.
            places_BT: their positions, if not consecutive.
        """
        positions_1TD = self._positions(x_BTD)
        if places_BT is not None:
            positions_1TD = positions_1TD[0][places_BT]
        x_BTD = x_BTD * self.scale
        if self.kind in ("abs_pos", "abs_pos_whisper"):
            x_BTD = x_BTD + positions_1TD
        return self.dropout(x_BTD), self.dropout(positions_1TD)

    def _positions(self, x_BTD: Tensor) -> Tensor:
        frames, width = x_BTD.shape[1:]
        if self.kind == "no_pos":
            return x_BTD.new_zeros(1, frames, width)
        table_TD = self._table_TD
        if table_TD is None or len(table_TD) < frames or table_TD.device != x_BTD.device:
            with torch.inference_mode(mode=False):  # the same table may serve training later
                table = whisper_sinusoids if self.kind == "abs_pos_whisper" else sinusoids
                table_TD = self._table_TD = table(max(FIRST_FRAMES, 2 * frames), width).to(x_BTD.device)
        return table_TD[None, :frames].to(x_BTD.dtype)


def sinusoids(frames: int, width: int) -> Tensor:
    """Return sin in the even and cos in the odd columns, (frames, width)."""
    time_T1 = torch.arange(frames, dtype=torch.float32)[:, None]
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * -(math.log(10_000.0) / width))
    table_TD = torch.zeros(frames, width)
    table_TD[:, 0::2] = torch.sin(time_T1 * rates)
    table_TD[:, 1::2] = torch.cos(time_T1 * rates)[:, : width // 2]
    return table_TD


def whisper_sinusoids(frames: int, width: int) -> Tensor:
    """Return sines in the first half of the columns and cosines in the second, (frames, width)."""
    time_T1 = torch.arange(frames, dtype=torch.float32)[:, None]
    step = math.log(10_000.0) / (width // 2 - 1)
    angles_TH = time_T1 * torch.exp(torch.arange(width // 2, dtype=torch.float32) * -step)
    return torch.cat((torch.sin(angles_TH), torch.cos(angles_TH)), dim=1)
