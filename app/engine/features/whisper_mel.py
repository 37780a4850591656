"""Whisper's features: the logarithm of 80 or 128 mel bins every 10 ms, relative to the loudest one.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, section 2.2; the mel scale
is that of Slaney's Auditory Toolbox, with filters of equal area.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from app.engine import SAMPLE_RATE, Waveform

WINDOW = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
FRAMES_PER_SECOND = SAMPLE_RATE // HOP
WINDOW_SECONDS = 30.0  # the network's maximum input
SILENCE_SECONDS = 4.0  # after a piece; a folder may state what its network was tuned to
SMALLEST = 1e-10
RANGE = 8.0  # powers of ten below the loudest bin
BREAK_HZ = 1000.0  # the scale is linear below and logarithmic above
HZ_PER_MEL = 200 / 3
LOG_STEP = np.log(6.4) / 27


class LogMel:
    """Computes the features of waveforms."""

    def __init__(self, bins: int) -> None:
        self.bins = bins
        self._filters_MF = torch.from_numpy(mel_filters(bins))
        self._window = torch.hann_window(WINDOW)

    def __call__(self, waveform: Waveform, frames: int) -> npt.NDArray[np.float32]:
        """Return the features (bins, frames); a shorter waveform is padded with silence, a longer one is cut."""
        samples = torch.zeros(frames * HOP)
        count = min(len(waveform), len(samples))
        samples[:count] = torch.from_numpy(np.ascontiguousarray(waveform[:count]))
        return log_mel(samples, self._filters_MF, self._window).contiguous().numpy()


def log_mel(samples: Tensor, filters_MF: Tensor, window: Tensor) -> Tensor:
    """Return the features (..., bins, frames) of audio (..., samples), each relative to its own loudest bin."""
    spectrum = torch.stft(samples, WINDOW, HOP, window=window, return_complex=True)
    power: Tensor = spectrum[..., :-1].abs() ** 2
    logarithms = (filters_MF @ power).clamp(min=SMALLEST).log10()
    floor = logarithms.amax(dim=(-2, -1), keepdim=True) - RANGE
    return (torch.maximum(logarithms, floor) + 4.0) / 4.0


def mel_filters(bins: int) -> npt.NDArray[np.float32]:
    """Return the triangular filters over the transform's frequencies, shape (bins, WINDOW / 2 + 1)."""
    frequencies = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    corners = _hertz(np.linspace(_mel(0.0), _mel(SAMPLE_RATE / 2), bins + 2))
    distances = np.diff(corners)
    slopes = corners[:, None] - frequencies[None]
    rising = -slopes[:-2] / distances[:-1, None]
    falling = slopes[2:] / distances[1:, None]
    areas = 2 / (corners[2:] - corners[:-2])
    return (np.maximum(0, np.minimum(rising, falling)) * areas[:, None]).astype(np.float32)


def _mel(hertz: float) -> float:
    linear = hertz / HZ_PER_MEL
    if hertz < BREAK_HZ:
        return linear
    return float(BREAK_HZ / HZ_PER_MEL + np.log(hertz / BREAK_HZ) / LOG_STEP)


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    break_mel = BREAK_HZ / HZ_PER_MEL
    return np.where(mel < break_mel, mel * HZ_PER_MEL, BREAK_HZ * np.exp(LOG_STEP * (mel - break_mel)))


def padded_frames(waveforms: Sequence[Waveform], silence_seconds: float = SILENCE_SECONDS) -> int:
    """Return the even number of feature frames for waveforms that are processed together."""
    longest = max(len(waveform) for waveform in waveforms) / SAMPLE_RATE
    seconds = min(WINDOW_SECONDS, longest + silence_seconds)
    return 2 * math.ceil(seconds * FRAMES_PER_SECOND / 2)
