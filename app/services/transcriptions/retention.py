"""Keeps the history as short as the settings say: what is old goes to the trash, what has lain there is removed.

Jobs that wait or run are never old.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from app.domain.errors.base import AppError
from app.logging import event
from app.services.transcriptions.trash import Trash

_log = logging.getLogger(__name__)

LOOK_SECONDS = 600.0  # between looks for what is old enough


@dataclass(frozen=True, slots=True)
class Spans:
    """For how long things are kept, in days; 0 is for ever."""

    history_days: int
    trash_days: int


class Retention:
    """Looks again and again; the spans may change meanwhile."""

    def __init__(self, trash: Trash, spans: Callable[[], Spans], look_seconds: float = LOOK_SECONDS) -> None:
        self._trash = trash
        self._spans = spans
        self._look_seconds = look_seconds
        self._stopping = Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = Thread(target=self._run, name="retention", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join(timeout=1)

    def look(self, now: datetime) -> None:
        """Do what is due at `now`."""
        spans = self._spans()
        if spans.history_days:
            count = self._trash.put_ended_before(now - timedelta(days=spans.history_days))
            if count:
                event(_log, logging.INFO, "history_expired", count=count, days=spans.history_days)
        if spans.trash_days:
            self._trash.empty(now - timedelta(days=spans.trash_days))

    def _run(self) -> None:
        while True:
            try:
                self.look(datetime.now(UTC))
            except (AppError, OSError):  # a locked database or a file that resists: the next look tries again
                event(_log, logging.WARNING, "retention_failed", exc_info=True)
            if self._stopping.wait(self._look_seconds):
                return
