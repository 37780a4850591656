"""The log mel features that networks are trained with: Kaldi's and Whisper's, batched, in torch on any device.

Knows nothing about models. Shape suffixes: B batch, S samples, T frames, W samples of a frame,
F frequencies, M mel bins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from app.engine import SAMPLE_RATE, Waveform
from app.engine.features.whisper_mel import RANGE, SMALLEST
from app.engine.features.whisper_mel import mel_filters as slaney_filters

FRAME_LENGTH = SAMPLE_RATE * 25 // 1000  # samples of one frame
FRAME_SHIFT = SAMPLE_RATE * 10 // 1000  # samples between the starts of two frames
FFT_SIZE = 512  # FRAME_LENGTH rounded up to a power of two, as Kaldi does
NUM_MEL_BINS = 80
LOWEST_HZ = 20.0
INT16_SCALE = 32_768.0  # Kaldi computes features of 16-bit samples
PREEMPHASIS = 0.97
POVEY_EXPONENT = 0.85  # the povey window is a Hann window raised to this power
ENERGY_FLOOR = torch.finfo(torch.float32).eps  # keeps the logarithm of digital silence finite


class FrontEnd(nn.Module):
    """Computes features of waveforms."""

    first_centre: ClassVar[float]
    """Seconds from the beginning of a waveform to the centre of its first frame."""
    shift: ClassVar[float] = FRAME_SHIFT / SAMPLE_RATE
    """Seconds between two frames."""

    def forward(self, waveforms_BS: Tensor, waveform_lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B, T, M) and their lengths (B,).

        Args:
            waveforms_BS: samples in [-1, 1] at 16 kHz, padded at the end.
            waveform_lengths_B: samples of each waveform.
        """
        raise NotImplementedError


def front_end(kind: str, num_mel_bins: int) -> FrontEnd:
    """Return the front end for `fbank` or `log_mel_spectrogram` (`feats_type` in train.yaml)."""
    return WhisperLogMel(num_mel_bins) if kind == "log_mel_spectrogram" else KaldiFbank(num_mel_bins)


def _povey() -> Tensor:
    return torch.hann_window(FRAME_LENGTH, periodic=False, dtype=torch.float64).pow(POVEY_EXPONENT)


def _hamming() -> Tensor:
    return torch.hamming_window(FRAME_LENGTH, periodic=False, dtype=torch.float64)


WINDOWS: Mapping[str, Callable[[], Tensor]] = {"povey": _povey, "hamming": _hamming}


class KaldiFbank(FrontEnd):
    """Log mel energies equal to Kaldi's `compute-fbank-feats` with dither 0 and snip_edges.

    Source: Povey et al., "The Kaldi Speech Recognition Toolkit", 2011 (feat/feature-fbank.cc).
    """

    first_centre: ClassVar[float] = FRAME_LENGTH / SAMPLE_RATE / 2

    window_W: Tensor
    mel_FM: Tensor

    def __init__(self, num_mel_bins: int = NUM_MEL_BINS, window: Literal["povey", "hamming"] = "povey") -> None:
        super().__init__()
        self.register_buffer("window_W", WINDOWS[window]().float(), persistent=False)
        self.register_buffer("mel_FM", mel_filters(num_mel_bins), persistent=False)

    @torch.no_grad()
    def forward(self, waveforms_BS: Tensor, waveform_lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B, T, M) and their lengths (B,); T is 0 if no waveform fills a frame.

        Args:
            waveforms_BS: samples in [-1, 1] at 16 kHz, padded at the end.
            waveform_lengths_B: samples of each waveform.
        """
        lengths_B = num_frames(waveform_lengths_B)
        if waveforms_BS.shape[1] < FRAME_LENGTH:
            return waveforms_BS.new_zeros(len(waveforms_BS), 0, self.mel_FM.shape[1]), lengths_B
        frames_BTW = (waveforms_BS * INT16_SCALE).unfold(1, FRAME_LENGTH, FRAME_SHIFT)
        power_BTF = self._power(frames_BTW)
        return (power_BTF @ self.mel_FM).clamp(min=ENERGY_FLOOR).log(), lengths_B

    def _power(self, frames_BTW: Tensor) -> Tensor:
        frames_BTW = frames_BTW - frames_BTW.mean(-1, keepdim=True)  # removes each frame's DC offset
        first_BT1 = (1 - PREEMPHASIS) * frames_BTW[..., :1]  # as if the previous sample were equal
        change_BTW = torch.sub(frames_BTW[..., 1:], frames_BTW[..., :-1], alpha=PREEMPHASIS)
        windowed_BTW = torch.cat((first_BT1, change_BTW), -1).mul_(self.window_W)
        spectrum_BTF = torch.fft.rfft(windowed_BTW, FFT_SIZE)
        return spectrum_BTF.real.square().add_(spectrum_BTF.imag.square())


class WhisperLogMel(FrontEnd):
    """Whisper's features: log10 mel energies, clamped to a range below the loudest, about -1 to 1.

    The loudest value is taken from a recording's own frames, and reflection padding starts at its own ends: the result
    does not depend on the rest of the batch, nor on the amount of padding.

    Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022 (whisper/audio.py).
    """

    first_centre: ClassVar[float] = 0.0

    window_W: Tensor
    mel_FM: Tensor

    def __init__(self, num_mel_bins: int = NUM_MEL_BINS) -> None:
        super().__init__()
        self.register_buffer("window_W", torch.hann_window(FRAME_LENGTH), persistent=False)
        self.register_buffer("mel_FM", torch.from_numpy(slaney_filters(num_mel_bins)).T, persistent=False)

    @torch.no_grad()
    def forward(self, waveforms_BS: Tensor, waveform_lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B, T, M), 0 after the end of a recording, and their lengths (B,).

        Args:
            waveforms_BS: samples in [-1, 1] at 16 kHz, padded at the end.
            waveform_lengths_B: samples of each waveform.
        """
        lengths_B = waveform_lengths_B // FRAME_SHIFT
        if waveforms_BS.shape[1] < FRAME_SHIFT:
            return waveforms_BS.new_zeros(len(waveforms_BS), 0, self.mel_FM.shape[1]), lengths_B
        mirrored_BS = _mirrored_ends(waveforms_BS, waveform_lengths_B, FRAME_LENGTH // 2)
        frames_BTW = mirrored_BS.unfold(1, FRAME_LENGTH, FRAME_SHIFT)[:, : waveforms_BS.shape[1] // FRAME_SHIFT]
        spectrum_BTF = torch.fft.rfft(frames_BTW * self.window_W)
        power_BTF = spectrum_BTF.real.square().add_(spectrum_BTF.imag.square())
        log_BTM = (power_BTF @ self.mel_FM).clamp(min=SMALLEST).log10()
        padding_BT1 = (torch.arange(log_BTM.shape[1], device=log_BTM.device) >= lengths_B[:, None])[..., None]
        loudest_B11 = log_BTM.masked_fill(padding_BT1, float("-inf")).amax((1, 2), keepdim=True)
        scaled_BTM = (torch.maximum(log_BTM, loudest_B11 - RANGE) + 4.0) / 4.0
        return scaled_BTM.masked_fill(padding_BT1, 0.0), lengths_B


def _mirrored_ends(waveforms_BS: Tensor, lengths_B: Tensor, reach: int) -> Tensor:
    """Return each waveform with `reach` mirrored samples before its first and after its last sample."""
    padded_BS = F.pad(waveforms_BS, (reach, reach))
    for row_S, waveform_S, length in zip(padded_BS, waveforms_BS, lengths_B.tolist(), strict=True):
        before, after = (
            waveform_S[1 : min(reach + 1, length)],
            waveform_S[max(0, length - reach - 1) : max(0, length - 1)],
        )
        row_S[reach - len(before) : reach] = before.flip(0)
        row_S[reach + length : reach + length + len(after)] = after.flip(0)
    return padded_BS


def num_frames(num_samples: Tensor) -> Tensor:
    """Count whole frames only: trailing samples that do not fill a frame are dropped (Kaldi's snip_edges)."""
    return ((num_samples - FRAME_LENGTH) // FRAME_SHIFT + 1).clamp(min=0)


def mel_filters(num_mel_bins: int) -> Tensor:
    """Return triangular filters (FFT_SIZE // 2 + 1, num_mel_bins), spaced evenly in mel and triangular in mel."""
    hertz_F = torch.arange(FFT_SIZE // 2 + 1, dtype=torch.float64) * SAMPLE_RATE / FFT_SIZE
    lowest, highest = _mel(torch.tensor([LOWEST_HZ, SAMPLE_RATE / 2], dtype=torch.float64)).tolist()
    edges = torch.linspace(lowest, highest, num_mel_bins + 2, dtype=torch.float64)
    left_M, centre_M, right_M = edges[:-2], edges[1:-1], edges[2:]
    mel_F1 = _mel(hertz_F)[:, None]
    rising_FM = (mel_F1 - left_M) / (centre_M - left_M)
    falling_FM = (right_M - mel_F1) / (right_M - centre_M)
    return torch.minimum(rising_FM, falling_FM).clamp(min=0).float()


def _mel(hertz: Tensor) -> Tensor:
    return 1127.0 * (1.0 + hertz / 700.0).log()


def pad_waveforms(waveforms: Sequence[Waveform], device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Return waveforms of any lengths as one padded batch (B, S) and their lengths (B,)."""
    lengths_B = torch.tensor([len(waveform) for waveform in waveforms], device=device)
    rows = [torch.from_numpy(waveform) for waveform in waveforms]
    return pad_sequence(rows, batch_first=True).to(device), lengths_B
