"""Waveform peaks of a recording: lowest and highest sample in a fixed number of intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.engine.audio.samples import BYTES_PER_SAMPLE, FULL_SCALE

PEAK_BUCKETS = 1000  # wider than the waveform of any page
_BLOCK_SAMPLES = 1 << 20  # 2 MB at a time, whatever the length of the recording


def peaks_of_file(pcm: Path, buckets: int = PEAK_BUCKETS, header_bytes: int = 0) -> list[list[int]]:
    """Return [lowest, highest] of each interval of a file written by `decode`, as -127 to 127.

    A recording with fewer samples than buckets gives one pair per sample; a header before the samples is skipped.
    """
    skipped = header_bytes // BYTES_PER_SAMPLE
    num_samples = pcm.stat().st_size // BYTES_PER_SAMPLE - skipped
    buckets = min(buckets, num_samples)
    if not buckets:
        return []
    edges = skipped + num_samples * np.arange(buckets + 1) // buckets
    at_once = max(1, _BLOCK_SAMPLES * buckets // num_samples)
    lowest, highest = np.concatenate(
        [_extremes(pcm, edges[first : first + at_once + 1]) for first in range(0, buckets, at_once)], axis=1
    )
    return [[_scaled(low), _scaled(high)] for low, high in zip(lowest.tolist(), highest.tolist(), strict=True)]


def merge_peaks(pictures: Sequence[list[list[int]]]) -> list[list[int]]:
    """Return the combined peaks of several channels."""
    return [[min(low for low, _ in pairs), max(high for _, high in pairs)] for pairs in zip(*pictures, strict=True)]


def _extremes(pcm: Path, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int16]:
    """Return two rows: the lowest and the highest samples between neighbouring edges."""
    first, end = int(edges[0]), int(edges[-1])
    if len(edges) == 2:  # one bucket, which may be larger than a block
        blocks = [
            _extremes_of(pcm, at, min(at + _BLOCK_SAMPLES, end), edges[:1] - first)
            for at in range(first, end, _BLOCK_SAMPLES)
        ]
        both = np.concatenate(blocks, axis=1)
        return np.array([[both[0].min()], [both[1].max()]])
    return _extremes_of(pcm, first, end, edges[:-1] - first)


def _extremes_of(pcm: Path, first: int, end: int, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int16]:
    samples = np.fromfile(pcm, dtype="<i2", count=end - first, offset=first * BYTES_PER_SAMPLE)
    return np.stack([np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)])


def _scaled(sample: int) -> int:
    return max(-127, round(sample * 127 / (FULL_SCALE - 1)))
