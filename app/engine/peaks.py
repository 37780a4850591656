"""The picture of a recording: its lowest and highest sample in each of a fixed number of stretches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from app.engine.samples import BYTES_PER_SAMPLE, FULL_SCALE

PEAK_BUCKETS = 1000  # wider than the waveform of any page
_BLOCK_SAMPLES = 1 << 20  # 2 MB at a time, whatever the length of the recording


def peaks(pcm: Path, buckets: int = PEAK_BUCKETS, header_bytes: int = 0) -> list[list[int]]:
    """Return [lowest, highest] of each stretch of a file that `decode` wrote, as -127 to 127.

    A recording with fewer samples than buckets gives one pair per sample; a header before the samples is passed over.
    """
    skipped = header_bytes // BYTES_PER_SAMPLE
    num_samples = pcm.stat().st_size // BYTES_PER_SAMPLE - skipped
    buckets = min(buckets, num_samples)
    edges = [skipped + num_samples * bucket // buckets for bucket in range(buckets + 1)] if buckets else [0]
    return [_peak(pcm, start, end) for start, end in pairwise(edges)]


def together(pictures: Sequence[list[list[int]]]) -> list[list[int]]:
    """Return the picture of what several channels of a recording hold at the same time."""
    return [
        [min(low for low, _ in pairs), max(high for _, high in pairs)]
        for pairs in zip(*pictures, strict=True)
    ]


def _peak(pcm: Path, start: int, end: int) -> list[int]:
    lowest, highest = FULL_SCALE, -FULL_SCALE
    for first in range(start, end, _BLOCK_SAMPLES):
        count = min(_BLOCK_SAMPLES, end - first)
        block = np.fromfile(pcm, dtype="<i2", count=count, offset=first * BYTES_PER_SAMPLE)
        lowest, highest = min(lowest, int(block.min())), max(highest, int(block.max()))
    return [_scaled(lowest), _scaled(highest)]


def _scaled(sample: int) -> int:
    return max(-127, round(sample * 127 / (FULL_SCALE - 1)))
