"""Measures throughput from successive readings of a counter; old readings expire."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

WINDOW_SECONDS = 180.0
LEAST_SECONDS = 3.0  # minimum span for a meaningful rate
BETWEEN_SECONDS = 1.0  # closer readings are dropped
REMEMBERED = 200


class ThroughputMeter:
    """Throughput of several counters, by name. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._looks: OrderedDict[str, deque[tuple[float, float]]] = OrderedDict()

    def update(self, name: str, done: float) -> float | None:
        """Record how much is done and return the rate per second; None until it can be measured."""
        now = self._clock()
        with self._lock:
            looks = self._looks.setdefault(name, deque())
            self._looks.move_to_end(name)
            if len(self._looks) > REMEMBERED:
                self._looks.popitem(last=False)
            if looks and done < looks[-1][1]:
                looks.clear()
            if not looks or now - looks[-1][0] >= BETWEEN_SECONDS:
                looks.append((now, done))
            while len(looks) > 2 and now - looks[0][0] > WINDOW_SECONDS:
                looks.popleft()
            first_at, first_done = looks[0]
        elapsed, gained = now - first_at, done - first_done
        return gained / elapsed if elapsed >= LEAST_SECONDS and gained > 0 else None

    def forget(self, name: str) -> None:
        """Start measuring anew after an intended standstill."""
        with self._lock:
            self._looks.pop(name, None)
