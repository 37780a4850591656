"""Features of the FunASR family: Kaldi's filter bank with a Hamming window, stacked to a low frame rate, normalised."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from app.engine.features.features import KaldiFbank
from app.engine.sanm.config import FrontendConfig


class LowRateFrontend(nn.Module):
    """Maps waveforms to stacked, normalised frames. It has no weights from the checkpoint."""

    shift_F: Tensor
    scale_F: Tensor

    def __init__(self, config: FrontendConfig, shift_F: Tensor, scale_F: Tensor) -> None:
        """Build it from the configuration and am.mvn's shift (added first) and scale of the features."""
        super().__init__()
        self.fbank = KaldiFbank(window="hamming")
        self.config = config
        self.register_buffer("shift_F", shift_F, persistent=False)
        self.register_buffer("scale_F", scale_F, persistent=False)

    def forward(self, waveforms_BS: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B, T, F) and their lengths (B,); see KaldiFbank."""
        mel_BTM, mel_lengths_B = self.fbank(waveforms_BS, lengths_B)
        stacked_BTF = stack(mel_BTM, mel_lengths_B, self.config.lfr_m, self.config.lfr_n)
        lengths_B = (mel_lengths_B + self.config.lfr_n - 1) // self.config.lfr_n
        return (stacked_BTF + self.shift_F) * self.scale_F, lengths_B


def stack(frames_BTM: Tensor, lengths_B: Tensor, count: int, step: int) -> Tensor:
    """Return every `step`-th frame with its neighbours, `count` in all (B, ceil(T / step), count * M).

    The first and last frame are repeated beyond the ends of a recording; no row sees the padding of its batch.
    """
    batch, frames, bins = frames_BTM.shape
    if not frames:
        return frames_BTM.new_zeros(batch, 0, count * bins)
    device = frames_BTM.device
    middles_T1 = torch.arange(0, frames, step, device=device)[:, None]
    around_TN = middles_T1 + torch.arange(count, device=device) - (count - 1) // 2
    last_B11 = (lengths_B - 1).clamp(min=0)[:, None, None]
    chosen_BTN = torch.minimum(around_TN.clamp(min=0), last_B11)
    rows_B11 = torch.arange(batch, device=device)[:, None, None]
    return frames_BTM[rows_B11, chosen_BTN].flatten(2)
