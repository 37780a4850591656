"""Slows down whoever guesses passwords: after a few wrong ones each further one has to wait longer."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from app.domain.errors.people import TooManyAttempts

FREE = 5  # wrong ones before anybody waits
FIRST_WAIT, LONGEST_WAIT = 2.0, 900.0  # seconds; it doubles
FORGOTTEN_AFTER = 3600.0  # seconds without a further one
MOST_KEPT = 10_000
SPREAD_FREE = 50  # for one name from many addresses, or for many names from one address


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: float = 0.0
    """Before which no further attempt is looked at."""
    last: float = 0.0


@dataclass(slots=True)
class Attempts:
    """Wrong passwords by name and address; both alone are limited as well, later. They are in memory only."""

    clock: Callable[[], float] = time.monotonic
    _failures: OrderedDict[tuple[str, str], _Failures] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def check(self, name: str, address: str) -> None:
        """Refuse an attempt that comes too early; it is not looked at, so a right password does not show.

        Raises:
            TooManyAttempts
        """
        with self._lock:
            now = self.clock()
            wait = max(
                (found.until - now for key in _keys(name, address) if (found := self._failures.get(key))), default=0
            )
        if wait > 0:
            raise TooManyAttempts(seconds=max(1, round(wait + 0.5)))

    def failed(self, name: str, address: str) -> None:
        with self._lock:
            now = self.clock()
            for key in _keys(name, address):
                self._count(key, now, FREE if all(key) else SPREAD_FREE)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the wrong ones of this name from this address; those of others still count."""
        with self._lock:
            self._failures.pop((name.casefold(), address), None)

    def _count(self, key: tuple[str, str], now: float, free: int) -> None:
        known = self._failures.pop(key, None)
        if known is None or now - known.last > FORGOTTEN_AFTER:
            known = _Failures()
        known.count += 1
        known.last = now
        if known.count >= free:
            known.until = now + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(known.count - free, 20))
        self._failures[key] = known
        while len(self._failures) > MOST_KEPT:
            self._failures.popitem(last=False)


def _keys(name: str, address: str) -> tuple[tuple[str, str], ...]:
    folded = name.casefold()
    return (folded, address), (folded, ""), ("", address)
