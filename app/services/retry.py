"""Retrying while the database is locked or the disk is full."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import TypeVar

from app.domain.errors.base import AppError
from app.domain.errors.setup import DatabaseUnusable
from app.domain.errors.uploads import DiskFull
from app.services.inference.status import Stopped

FIRST_PAUSE_SECONDS = 0.5  # doubled each time
LONGEST_PAUSE_SECONDS = 15.0

_T = TypeVar("_T")


def until_stored(step: Callable[[], _T], stopping: Event, on_wait: Callable[[AppError, float], None]) -> _T:
    """Return what `step` returns, retrying as long as needed; `on_wait` gets each failure and the pause after it.

    Raises:
        Stopped: `stopping` was set meanwhile.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return step()
        except (DatabaseUnusable, DiskFull) as error:
            on_wait(error, pause)
        if stopping.wait(pause):
            raise Stopped
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
