"""Prunes candidates that cannot be among the best, by score."""

from __future__ import annotations

import math
from collections.abc import Iterable
from heapq import heapify, heappush, heapreplace


class Threshold:
    """The minimum number needed to be among the highest."""

    __slots__ = ("_highest", "_size", "height")

    def __init__(self, size: int, numbers: Iterable[float]) -> None:
        self._size = size
        self._highest = sorted(numbers, reverse=True)[:size]
        heapify(self._highest)
        self.height = self._highest[0] if len(self._highest) == size else -math.inf

    def raise_to(self, number: float) -> None:
        """Add one more number."""
        if number <= self.height:
            return
        if len(self._highest) == self._size:
            heapreplace(self._highest, number)
        else:
            heappush(self._highest, number)
        if len(self._highest) == self._size:
            self.height = self._highest[0]
