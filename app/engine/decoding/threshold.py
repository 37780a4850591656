"""Prunes candidates that cannot be among the best; it knows only their scores."""

from __future__ import annotations

import math
from collections.abc import Iterable
from heapq import heapify, heappush, heapreplace


class Threshold:
    """How high a number must be to be one of the highest."""

    __slots__ = ("_highest", "_size", "height")

    def __init__(self, size: int, numbers: Iterable[float]) -> None:
        self._size = size
        self._highest = sorted(numbers, reverse=True)[:size]
        heapify(self._highest)
        self.height = self._highest[0] if len(self._highest) == size else -math.inf

    def raise_to(self, number: float) -> None:
        """Take one more number into account."""
        if number <= self.height:
            return
        if len(self._highest) == self._size:
            heapreplace(self._highest, number)
        else:
            heappush(self._highest, number)
        if len(self._highest) == self._size:
            self.height = self._highest[0]
