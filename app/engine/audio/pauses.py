"""Finds quiet parts of a recording by level alone: finer than a model's frames, and independent of its content."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.engine import SAMPLE_RATE, Waveform

BLOCK_SECONDS = 0.01
SMOOTHED_BLOCKS = 3  # single blocks of a low voice lie between two of its periods
MIN_PAUSE_SECONDS = 0.1  # shorter silence is the closure of a consonant
QUIET_DB = 30.0  # this far below the loud syllables nobody speaks,
QUIET_SHARE = 0.15  # nor in the lowest part of the range where noise makes it narrower
MIN_RANGE_DB = 10.0  # of the levels; with less, the level is no evidence
_SILENCE = 1e-10  # mean square of -100 dBFS: keeps the logarithm of digital silence finite

Stretch: TypeAlias = tuple[float, float]
"""Start and end in seconds."""


def find_pauses(waveform: Waveform) -> list[Stretch]:
    """Return the quiet intervals of at least MIN_PAUSE_SECONDS, and any at the beginning or the end."""
    levels = _levels_db(waveform)
    if not len(levels):
        return []
    lowest, loud = np.percentile(levels, (5, 95))
    if loud - lowest < MIN_RANGE_DB:
        return []
    threshold = max(loud - QUIET_DB, lowest + QUIET_SHARE * (loud - lowest))
    return [
        (first * BLOCK_SECONDS, end * BLOCK_SECONDS)
        for first, end in _runs(levels < threshold)
        if (end - first) * BLOCK_SECONDS >= MIN_PAUSE_SECONDS or first == 0 or end == len(levels)
    ]


def _levels_db(waveform: Waveform) -> npt.NDArray[np.float64]:
    size = round(SAMPLE_RATE * BLOCK_SECONDS)
    blocks = waveform[: len(waveform) // size * size].reshape(-1, size)
    power = np.square(blocks, dtype=np.float64).mean(axis=1)
    if len(power) >= SMOOTHED_BLOCKS:
        edges = np.pad(power, SMOOTHED_BLOCKS // 2, mode="edge")
        power = np.convolve(edges, np.ones(SMOOTHED_BLOCKS) / SMOOTHED_BLOCKS, mode="valid")
    decibels: npt.NDArray[np.float64] = 10 * np.log10(power + _SILENCE)
    return decibels


def _runs(is_quiet: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and one past last of each run of True."""
    bounds = np.flatnonzero(np.diff(is_quiet, prepend=False, append=False)).tolist()
    return list(pairwise(bounds))[::2]
