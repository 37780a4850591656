"""Waveform peaks for fast access to any part of a long recording: extremes of every hundredth of a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.atomic import appearing
from app.engine import SAMPLE_RATE
from app.engine.audio.samples import BYTES_PER_SAMPLE, FULL_SCALE

STEP_SAMPLES = SAMPLE_RATE // 100
OUTLINE_NAME = "outline.npy"
_BLOCK_STEPS = 10_000  # 3 MB at a time, whatever the length of the recording


def save_waveform_peaks(pcm: Path, folder: Path) -> None:
    """Store lowest and highest sample of each step of a file written by `decode`, as -127 to 127."""
    num_samples = pcm.stat().st_size // BYTES_PER_SAMPLE
    num_steps = -(-num_samples // STEP_SAMPLES)
    outline = np.zeros((num_steps, 2), dtype=np.int8)
    for first in range(0, num_steps, _BLOCK_STEPS):
        count = _BLOCK_STEPS * STEP_SAMPLES
        samples = np.fromfile(pcm, "<i2", count, offset=first * STEP_SAMPLES * BYTES_PER_SAMPLE)
        outline[first : first + _BLOCK_STEPS] = _extremes(samples, -(-len(samples) // STEP_SAMPLES))
    with appearing(folder / OUTLINE_NAME, durable=False) as part, part.open("wb") as file:
        np.save(file, outline)


def waveform_peaks(pcm: Path, folder: Path, start: float, end: float, buckets: int) -> list[list[int]]:
    """Return [lowest, highest] of equal intervals between two times in seconds; fewer if there is less audio.

    Intervals shorter than a step are read from the samples themselves.
    """
    first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
    if last - first < 2 * buckets * STEP_SAMPLES:
        count = max(0, last - first)
        samples = np.fromfile(pcm, "<i2", count, offset=max(0, first) * BYTES_PER_SAMPLE)
        pairs: npt.NDArray[np.integer] = _extremes(samples, min(buckets, len(samples)))
    else:
        outline = np.load(folder / OUTLINE_NAME, mmap_mode="r")
        steps = outline[first // STEP_SAMPLES : -(-last // STEP_SAMPLES)]
        pairs = _reduced(np.asarray(steps), min(buckets, len(steps)))
    return [[int(low), int(high)] for low, high in pairs]


def _extremes(samples: npt.NDArray[np.int16], buckets: int) -> npt.NDArray[np.int8]:
    """Return lowest and highest of `buckets` intervals, scaled to -127 to 127."""
    pairs = _reduced(np.stack([samples, samples], axis=1), buckets).astype(np.float32)
    scaled: npt.NDArray[np.int8] = np.clip(np.rint(pairs * 127 / (FULL_SCALE - 1)), -127, 127).astype(np.int8)
    return scaled


def _reduced(pairs: npt.NDArray[np.integer], buckets: int) -> npt.NDArray[np.integer]:
    """Reduce rows of [lowest, highest] to `buckets` of them."""
    if not buckets:
        return pairs[:0]
    edges = len(pairs) * np.arange(buckets) // buckets
    lowest = np.minimum.reduceat(pairs[:, 0], edges)
    return np.stack([lowest, np.maximum.reduceat(pairs[:, 1], edges)], axis=1)
