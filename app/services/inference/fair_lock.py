"""A lock granted in the order of the requests, so that two jobs take turns segment by segment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class FairLock:
    """Unlike threading.Lock, the thread that just released it cannot reacquire it ahead of waiting threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._tickets = 0
        self._serving = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the lock and hold it for the block."""
        with self._changed:
            ticket = self._tickets
            self._tickets += 1
            self._changed.wait_for(lambda: self._serving == ticket)
        try:
            yield
        finally:
            with self._changed:
                self._serving += 1
                self._changed.notify_all()
