"""One retry policy for every stage: failures that pass are retried with a growing pause."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from app.domain.errors.audio import DecodingCrashed
from app.domain.errors.base import AppError
from app.domain.errors.object_store import StoreUnusable
from app.domain.errors.setup import DatabaseUnusable
from app.domain.errors.uploads import DiskFull
from app.logging import event
from app.services.inference.status import Stopped

FIRST_PAUSE_SECONDS = 0.5  # doubled each time
LONGEST_PAUSE_SECONDS = 15.0

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def log_retry(error: AppError, seconds: float) -> None:
    event(_log, logging.WARNING, "retrying", seconds=seconds, reason=error)


def until_stored(step: Callable[[], _T], stopping: Event, on_wait: Callable[[AppError, float], None] = log_retry) -> _T:
    """Return what `step` returns, retrying while the database is locked, the disk is full or the object store away.

    `on_wait` gets each failure and the pause after it.

    Raises:
        Stopped: `stopping` was set meanwhile.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return step()
        except (DatabaseUnusable, DiskFull, StoreUnusable) as error:
            on_wait(error, pause)
        if stopping.wait(pause):
            raise Stopped
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def read_twice(step: Callable[[], _T], stopping: Event | None = None) -> _T:
    """Return what `step` returns, which has a child process read a recording, and once more after a crash of it.

    The first crash may be chance, or memory that was short for a moment.

    Raises:
        Stopped: `stopping` was set meanwhile.
        DecodingCrashed: it happened twice.
    """
    try:
        return step()
    except DecodingCrashed as error:
        log_retry(error, FIRST_PAUSE_SECONDS)
    if (stopping or Event()).wait(FIRST_PAUSE_SECONDS):
        raise Stopped
    return step()


def until_read(step: Callable[[], _T], stopping: Event) -> _T:
    """Return what `step` returns, which reads a recording and stores what it finds: waits for a disk, too.

    Raises:
        Stopped: `stopping` was set meanwhile.
        DecodingCrashed: it happened twice.
    """
    return read_twice(lambda: until_stored(step, stopping), stopping)
