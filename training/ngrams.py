"""Interpolated modified Kneser-Ney n-grams over the model's units, counted with numpy.

Knows ids and counts, not files. Source: Chen and Goodman, "An empirical study of smoothing techniques for
language modeling", 1998, section 3. What is cut leaves its probability to the shorter history.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """All kept n-grams of one length, sorted by their keys."""

    keys: Ids
    """The ids as digits of base `2 ** bits`, the first unit in the highest place."""
    probabilities: Floats
    """Of the last unit after the others."""
    back_offs: Floats
    """What the shorter history weighs where this n-gram is the history."""


@dataclass(frozen=True)
class _Counts:
    keys: Ids
    plain: Floats
    different: Floats
    """How many units came before the n-gram; the plain count where none can or where longer ones are not counted."""


def estimate(units: Ids, *, num_units: int, boundary: int, cut: Sequence[int]) -> list[Level]:
    """Levels of one unit, of two ... of `len(cut)`; the first has every unit.

    Args:
        units: ids of all sentences in a row, with `boundary` before, between and after them.
        num_units: how many ids there are.
        boundary: begins a sentence where it comes first, ends one where it comes last.
        cut: the least count that keeps an n-gram of each length; it may not fall with the length.
    """
    bits = bits_of(num_units)
    counts = [_count(units, n, boundary, bits) for n in range(1, len(cut) + 1)]
    counts = [
        _with_left(c, longer, n, boundary, bits)
        for n, (c, longer) in enumerate(zip(counts, [*counts[1:], None], strict=True), 1)
    ]
    levels = [_first_level(counts[0], num_units)]
    for n in range(2, len(cut) + 1):
        levels[-1], longer = _next_level(levels[-1], counts[n - 1], cut[n - 1], n, bits)
        levels.append(longer)
    return levels


def bits_of(num_units: int) -> int:
    return max(1, (num_units - 1).bit_length())


def _count(units: Ids, n: int, boundary: int, bits: int) -> _Counts:
    count = len(units) - n + 1
    keys = np.zeros(count, dtype=np.int64)
    inside = np.ones(count, dtype=bool)
    for place in range(n):
        unit = units[place : place + count]
        keys = keys << bits | unit
        if 0 < place < n - 1:
            inside &= unit != boundary
    if n == 1:
        inside[0] = False  # nothing ends there
    else:
        inside &= (units[:count] != boundary) | (units[n - 1 :] != boundary)
    found, times = np.unique(keys[inside], return_counts=True)
    return _Counts(found, times.astype(np.float64), times.astype(np.float64))


def _with_left(counts: _Counts, longer: _Counts | None, n: int, boundary: int, bits: int) -> _Counts:
    """Kneser-Ney's counts: a unit that follows many different ones is likely after a new one."""
    if longer is None:
        return counts
    endings, times = np.unique(longer.keys & ((1 << bits * n) - 1), return_counts=True)
    different = counts.plain.copy()
    place = np.searchsorted(counts.keys, endings)
    begins = n > 1 and (endings >> bits * (n - 1)) == boundary
    different[place] = np.where(begins, different[place], times)
    return _Counts(counts.keys, counts.plain, different)


def _first_level(counts: _Counts, num_units: int) -> Level:
    discounted = np.zeros(num_units)
    discounted[counts.keys] = _discounted(counts.different)
    total = counts.different.sum()
    left = 1 - discounted.sum() / total
    every = np.arange(num_units, dtype=np.int64)
    return Level(every, discounted / total + left / num_units, np.ones(num_units))


def _next_level(below: Level, counts: _Counts, least: int, n: int, bits: int) -> tuple[Level, Level]:
    """The level below with its back-off weights, and the level itself."""
    kept = counts.plain >= least
    histories, starts, group = np.unique(counts.keys >> bits, return_index=True, return_inverse=True)
    totals = np.add.reduceat(counts.different, starts)
    share = np.where(kept, _discounted(counts.different), 0.0) / totals[group]
    left = np.maximum(1 - np.add.reduceat(share, starts), 1e-6)
    back_offs = below.back_offs.copy()
    place, is_there = _find(below.keys, histories)
    back_offs[place[is_there]] = left[is_there]
    keys = counts.keys[kept]
    shorter, _ = _find(below.keys, keys & ((1 << bits * (n - 1)) - 1))
    probabilities = share[kept] + left[group[kept]] * below.probabilities[shorter]
    return Level(below.keys, below.probabilities, back_offs), Level(keys, probabilities, np.ones(len(keys)))


def _find(keys: Ids, wanted: Ids) -> tuple[Ids, NDArray[np.bool_]]:
    place = np.searchsorted(keys, wanted)
    ended = np.append(keys, -1)  # what is larger than every key lies there
    return place, ended[place] == wanted


def _discounted(counts: Floats) -> Floats:
    """Counts less a discount that is smaller for 1 than for 2 than for more."""
    n1, n2, n3, n4 = (max(1, int((counts == times).sum())) for times in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    discounts = np.clip([1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3], 0.1, [0.95, 1.9, 2.9])
    rest: Floats = np.maximum(counts - discounts[np.clip(counts, 1, 3).astype(np.int64) - 1], 0)
    return rest
