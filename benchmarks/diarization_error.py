"""The diarization error rate, as defined by NIST and computed by pyannote.metrics: on a grid of 10 ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from meetings import Turn

STEP = 0.01  # seconds


@dataclass(frozen=True, slots=True)
class DiarizationError:
    """Seconds of speakers' time, of which overlapped time counts for each speaker."""

    missed: float
    false_alarm: float
    confused: float
    total: float

    @property
    def rate(self) -> float:
        return (self.missed + self.false_alarm + self.confused) / max(self.total, STEP)


def diarization_error(reference: Sequence[Turn], found: Sequence[Turn], collar: float) -> DiarizationError:
    """Compare turns; time within `collar` / 2 of an edge of the reference does not count.

    pyannote.metrics gives `collar` as the whole width around an edge, NIST's md-eval as half of it: 0.25 of NIST's
    is 0.5 here.
    """
    frames = round(max(end for _, end, _ in (*reference, *found)) / STEP) + 1
    said, heard = _grid(reference, frames), _grid(found, frames)
    counted = ~_near_edges(reference, frames, collar / 2)
    said, heard = said[:, counted], heard[:, counted]
    at_once_said, at_once_heard = said.sum(0), heard.sum(0)
    right = _best_matching(said.astype(np.float64) @ heard.T.astype(np.float64))
    return DiarizationError(
        missed=float(np.maximum(at_once_said - at_once_heard, 0).sum()) * STEP,
        false_alarm=float(np.maximum(at_once_heard - at_once_said, 0).sum()) * STEP,
        confused=(float(np.minimum(at_once_said, at_once_heard).sum()) - right) * STEP,
        total=float(at_once_said.sum()) * STEP,
    )


def _grid(turns: Sequence[Turn], frames: int) -> npt.NDArray[np.int64]:
    names = sorted({speaker for _, _, speaker in turns})
    grid = np.zeros((max(1, len(names)), frames), dtype=np.int64)
    for start, end, speaker in turns:
        grid[names.index(speaker), round(start / STEP) : round(end / STEP)] = 1
    return grid


def _near_edges(turns: Sequence[Turn], frames: int, reach: float) -> npt.NDArray[np.bool_]:
    near = np.zeros(frames, dtype=np.bool_)
    for edge in (edge for start, end, _ in turns for edge in (start, end)):
        near[max(0, round((edge - reach) / STEP)) : round((edge + reach) / STEP)] = True
    return near


def _best_matching(common: npt.NDArray[np.float64]) -> float:
    """Return the largest sum of one entry per row and column: dynamic programming over sets of columns."""
    if common.shape[0] < common.shape[1]:
        common = common.T
    best = {0: 0.0}
    for row in common:
        following = dict(best)
        for taken, total in best.items():
            for column, value in enumerate(row):
                key = taken | 1 << column
                if key != taken:
                    following[key] = max(following.get(key, 0.0), total + float(value))
        best = following
    return max(best.values())


def pooled(errors: Sequence[DiarizationError]) -> float:
    """Return the rate of several recordings together."""
    wrong = sum(error.missed + error.false_alarm + error.confused for error in errors)
    return wrong / sum(error.total for error in errors)
