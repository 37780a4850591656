"""Limits the history as configured: old transcriptions go to the trash, old trash is removed.

Waiting and running jobs are exempt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.logging import event
from app.periodic import Periodic
from app.services.transcriptions.trash import Trash

_log = logging.getLogger(__name__)

LOOK_SECONDS = 600.0  # between checks


@dataclass(frozen=True, slots=True)
class Spans:
    """How long things are kept, in days; 0 means forever."""

    history_days: int
    trash_days: int


class Retention:
    """Applies the retention periodically; the periods may change meanwhile."""

    def __init__(self, trash: Trash, spans: Callable[[], Spans], look_seconds: float = LOOK_SECONDS) -> None:
        self._trash = trash
        self._spans = spans
        self._look_seconds = look_seconds

    def running(self) -> AbstractContextManager[None]:
        """Apply the retention periodically during the block."""
        return Periodic("retention", lambda: self.apply(datetime.now(UTC)), self._look_seconds).running()

    def apply(self, now: datetime) -> None:
        """Do what is due at `now`."""
        spans = self._spans()
        if spans.history_days:
            count = self._trash.put_ended_before(now - timedelta(days=spans.history_days))
            if count:
                event(_log, logging.INFO, "history_expired", count=count, days=spans.history_days)
        if spans.trash_days:
            self._trash.empty(now - timedelta(days=spans.trash_days))
