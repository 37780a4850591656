"""Measures what makes a recording intelligible: level, clipping, bandwidth, background sound.

Samples pieces spread over the recording, so that ten hours cost no more than ten minutes, and a few megabytes of memory
suffice. Nothing is judged here: app/support/diagnosis has the thresholds, benchmarks/findings.py their basis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.engine import SAMPLE_RATE
from app.engine.audio.samples import BYTES_PER_SAMPLE, FULL_SCALE

PIECES = 120
PIECE_SECONDS = 5
FRAME = 1024  # 64 ms: two partials of a low voice are apart
HOP = 512
SILENT_DB = -90.0  # below the last bit of 16
ACTIVE_DB = 20.0  # below the loud frames: most speech is in this range
NEAR_PEAK = 0.985
SPEECH_HZ = (300, 3000)
ABOVE_TELEPHONE_HZ = (4300, 5500)
TONE_HZ = (90, 4000)
TONE_DB = 10.0  # a partial is this far above its neighbourhood
STEADY_HOPS = 10  # 0.32 s: no vowel keeps its pitch this long, a note does
TONES_AT_ONCE = 2
_NEIGHBOURS = 12  # bins on each side that a partial is compared with
_NEIGHBOUR_STEP = 3

Frames: TypeAlias = npt.NDArray[np.float32]
"""Samples in [-1, 1], shape (num_frames, FRAME)."""
Power: TypeAlias = npt.NDArray[np.float32]
"""Power of each bin, shape (num_frames, FRAME // 2 + 1)."""


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """Audio measures of a recording. Levels are in dBFS."""

    loud_db: float
    """Level of loud frames: the 95th percentile."""
    floor_db: float
    """Level of quiet, but not silent frames: the 10th percentile."""
    clipped_share: float
    """Share of samples at the very limit of the recording's range."""
    band_drop_db: float
    """How much weaker speech is above 4 kHz than below: telephones cut it off."""
    tones_share: float
    """Share of time with several steady tones, as only in music and machines."""


def measure(pcm: Path, header_bytes: int = 0, channel: int = 1, channels: int = 1) -> SoundFacts:
    """Measure a file written by `decode`, or one like it after a header; it has at least one sample.

    Of a file with several `channels`, interleaved, one is measured, counted from 1.
    """
    pieces = [_piece_facts(piece) for piece in _pieces(pcm, header_bytes, channel, channels)]
    levels = np.concatenate([piece.levels_db for piece in pieces])
    loud = float(np.percentile(levels, 95))
    audible = levels[levels > SILENT_DB]
    peak = max(piece.peak for piece in pieces)
    samples = sum(piece.samples for piece in pieces)
    clipped = sum(piece.at_peak for piece in pieces if piece.peak >= NEAR_PEAK * peak)
    power = np.sum([piece.active_power for piece in pieces], axis=0)
    return SoundFacts(
        loud_db=round(loud, 1),
        floor_db=round(float(np.percentile(audible, 10)) if len(audible) else SILENT_DB, 1),
        clipped_share=round(clipped / samples, 6) if peak else 0.0,
        band_drop_db=round(_band_drop(power), 1),
        tones_share=round(float(np.mean(np.concatenate([piece.has_tones for piece in pieces]))), 4),
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """Measures of one piece."""

    samples: int
    peak: float
    at_peak: int
    levels_db: npt.NDArray[np.float32]
    active_power: npt.NDArray[np.float64]
    """Power per bin, over the active frames; silent pieces hardly count in a sum."""
    has_tones: npt.NDArray[np.bool_]


def _pieces(pcm: Path, header_bytes: int, channel: int, channels: int) -> Iterator[npt.NDArray[np.float32]]:
    """Yield up to PIECES equally spaced pieces; contiguous ones for a short recording."""
    block = BYTES_PER_SAMPLE * channels
    total = (pcm.stat().st_size - header_bytes) // block
    size = PIECE_SECONDS * SAMPLE_RATE
    count = min(PIECES, max(1, -(-total // size)))
    for number in range(count):
        first = number * size if total <= PIECES * size else round(number * (total - size) / (PIECES - 1))
        samples = np.fromfile(pcm, dtype="<i2", count=size * channels, offset=header_bytes + first * block)
        yield samples[channel - 1 :: channels].astype(np.float32) / np.float32(FULL_SCALE)


def _piece_facts(samples: npt.NDArray[np.float32]) -> _Piece:
    frames = _frames(samples)
    levels = 20 * np.log10(np.sqrt(np.square(frames).mean(axis=1)) + 1e-9)
    window = np.hanning(FRAME).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames * window, axis=1))).astype(np.float32) + np.float32(1e-12)
    peak = float(np.abs(samples).max(initial=0.0))
    at_peak = int(np.count_nonzero(np.abs(samples) >= NEAR_PEAK * peak)) if peak else 0
    active = levels > np.percentile(levels, 95) - ACTIVE_DB
    active_power = power[active].sum(axis=0, dtype=np.float64)
    return _Piece(len(samples), peak, at_peak, levels.astype(np.float32), active_power, _tones(power))


def _frames(samples: npt.NDArray[np.float32]) -> Frames:
    if len(samples) < FRAME:
        samples = np.pad(samples, (0, FRAME - len(samples)))
    windows: Frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    return windows


def _band_drop(power: npt.NDArray[np.float64]) -> float:
    """Return the level of the speech band relative to the band above a telephone's, in dB."""
    if not power.any():
        return 0.0
    return _level(power, SPEECH_HZ) - _level(power, ABOVE_TELEPHONE_HZ)


def _level(power: npt.NDArray[np.float64], band: Sequence[int]) -> float:
    first, last = (round(hertz * FRAME / SAMPLE_RATE) for hertz in band)
    return float(10 * np.log10(power[first:last] + 1e-12).mean())


def _tones(power: Power) -> npt.NDArray[np.bool_]:
    """Return for each frame whether TONES_AT_ONCE partials stay in their bin for STEADY_HOPS from there."""
    low, high = (round(hertz * FRAME / SAMPLE_RATE) for hertz in TONE_HZ)
    level = 10 * np.log10(power[:, : high + 1])
    stands_out = level - _around(level) > TONE_DB
    is_top = (level >= np.roll(level, 1, axis=1)) & (level >= np.roll(level, -1, axis=1))
    partial = stands_out & is_top
    partial[:, :low] = False
    near = partial | np.roll(partial, 1, axis=1) | np.roll(partial, -1, axis=1)
    if len(near) <= STEADY_HOPS:
        return np.zeros(1, dtype=np.bool_)
    steady = np.ones((len(near) - STEADY_HOPS, near.shape[1]), dtype=np.bool_)
    for hop in range(STEADY_HOPS + 1):
        steady &= near[hop : len(steady) + hop]
    return np.asarray(steady.sum(axis=1) / 3 >= TONES_AT_ONCE)  # each partial has been widened to three bins


def _around(level: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the median of the bins around each one."""
    padded = np.pad(level, ((0, 0), (_NEIGHBOURS, _NEIGHBOURS)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1, axis=1)
    return np.asarray(np.median(windows[:, :, ::_NEIGHBOUR_STEP], axis=2))
