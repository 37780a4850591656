"""Progress and remaining time of a job. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.domain.errors.base import Problem

Stage: TypeAlias = Literal["queued", "preparing", "recognizing", "speakers", "finished"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a job stands; seconds are those of the recording, except in `eta_seconds`."""

    stage: Stage
    percent: float
    """0 to 100."""
    seconds_done: float
    segments_done: int
    segments_failed: int
    segments_total: int
    """0 until the recording has been read."""
    eta_seconds: float | None
    """Seconds by the clock; None until a segment is done and where nothing is being done."""
    queue_position: int | None
    """1 is next; None when not waiting, and in a batch: that tells how far it is."""
    waits_for: Problem | None = None
    """What keeps it from going on, while it is running."""


def percent_done(seconds_done: float, duration: float | None) -> float:
    """Return how much of a recording is done, 0 to 100."""
    if not duration:
        return 0.0
    return min(100.0, 100.0 * seconds_done / duration)


def eta_seconds(seconds_done: float, duration: float | None, seconds_worked: float) -> float | None:
    """Return the seconds by the clock that the rest takes at the pace so far; None before there is a pace."""
    if not duration or not seconds_done or not seconds_worked:
        return None
    return max(0.0, duration - seconds_done) * seconds_worked / seconds_done
