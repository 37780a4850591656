"""How many actors there should be: more while segments wait, fewer when some have had nothing to do for long."""

from __future__ import annotations

import math
from dataclasses import dataclass

GROWTH = 1.5  # of the number of actors, while segments wait for a free one
PATIENCE_SECONDS = 2.0  # that segments have to wait before there is another actor
IDLE_SECONDS = 120.0  # without work, after which an actor beyond the least is let go


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Bounds of the number of actors."""

    least: int = 1
    most: int = 1
    kept_for_live: int = 0
    """Of the ready ones; recordings never get the last."""
    idle_seconds: float = IDLE_SECONDS


class Autoscaler:
    """Decides from what it is told at each look; it knows no actors."""

    def __init__(self, limits: PoolLimits) -> None:
        self._limits = limits
        self._short_since: float | None = None

    def wanted(self, now: float, *, current: int, are_all_busy: bool, waiting: int) -> int:
        """Return how many actors there should be while `current` are there or starting."""
        least, most = self._limits.least, self._limits.most
        if not (waiting and are_all_busy):
            self._short_since = None
            return max(least, min(current, most))
        if self._short_since is None:
            self._short_since = now
        if now - self._short_since < PATIENCE_SECONDS:
            return max(least, min(current, most))
        self._short_since = None
        grown = max(current + 1, math.ceil(current * GROWTH))
        return max(least, min(grown, current + waiting, most))

    def may_go(self, idle_seconds: float, current: int) -> bool:
        """Return whether an actor that has been idle for so long is not needed any more."""
        return current > self._limits.least and idle_seconds >= self._limits.idle_seconds
