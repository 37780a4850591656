"""The trash: deleted transcriptions stay for some days and can be restored or removed for good."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.transcription import Transcription
from app.logging import event
from app.services.transcriptions.job_queue import Queue
from app.store.queries import history, trash
from app.store.queries.history_filter import HistoryFilter, HistoryPosition

_log = logging.getLogger(__name__)

AT_ONCE = 500  # rows per transaction, so that other writers get their turn
REMOVED_AT_ONCE = 100  # within the request; a worker removes the rest


@dataclass(frozen=True, slots=True)
class Deletion:
    """One action that put something in the trash; `moment` names it, so that it can be undone whole."""

    count: int
    moment: datetime


class Trash:
    """What was deleted from `queue`. Every method may be called from any thread."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._database = queue.database

    def move(self, ids: Sequence[str]) -> Deletion:
        """Move these to the trash, skipping those that no longer exist."""
        now = datetime.now(UTC)
        count = 0
        for first in range(0, len(ids), AT_ONCE):
            with self._database.writing() as connection:
                count += self._queue.put_in_trash(connection, list(ids[first : first + AT_ONCE]), now)
        event(_log, logging.INFO, "trash_filled", count=count)
        return Deletion(count, now)

    def put_found(self, wanted: HistoryFilter) -> Deletion:
        """Move everything that matches now to the trash."""
        now = datetime.now(UTC)
        count = 0
        before: HistoryPosition | None = None
        while True:
            with self._database.writing() as connection:
                found = history.ids(connection, wanted, AT_ONCE, before)
                count += self._queue.put_in_trash(connection, [id for id, _ in found], now) if found else 0
            if len(found) < AT_ONCE:
                break
            before = found[-1][1]
        event(_log, logging.INFO, "trash_filled", count=count)
        return Deletion(count, now)

    def restore(self, id: str) -> Transcription:
        """Restore one transcription.

        Raises:
            TranscriptionNotFound: it is not in the trash.
        """
        if not self.restore_all([id]):
            raise TranscriptionNotFound(id=id)
        return self._queue.get(id)

    def restore_all(self, ids: Sequence[str]) -> int:
        """Restore these; return how many were in the trash."""
        count = 0
        for first in range(0, len(ids), AT_ONCE):
            with self._database.writing() as connection:
                count += trash.restore(connection, ids[first : first + AT_ONCE])
        return count

    def undo(self, moment: datetime) -> int:
        """Restore everything that one action moved to the trash; return how many."""
        count = 0
        while True:
            with self._database.writing() as connection:
                ids = trash.put_at(connection, moment, AT_ONCE)
                count += trash.restore(connection, ids) if ids else 0
            if len(ids) < AT_ONCE:
                return count

    def remove(self, ids: Sequence[str]) -> int:
        """Remove these for good, if they are in the trash; return how many were.

        A running job is removed by its worker once it has stopped.
        """
        with self._database.writing() as connection:
            given_up, free = trash.give_up(connection, ids)
        for id in free[:REMOVED_AT_ONCE]:
            self._queue.purge(id)
        return given_up

    def empty(self, before: datetime | None = None) -> int:
        """Remove for good everything moved there before `before`, or everything; return how many.

        The files of many are removed in the background.
        """
        moment = before or datetime.now(UTC) + timedelta(days=1)
        count = 0
        while True:
            with self._database.reading() as connection:
                ids = trash.put_before(connection, moment, AT_ONCE)
            if not ids:
                break
            self.remove(ids)
            count += len(ids)
        if count:
            event(_log, logging.INFO, "trash_emptied", count=count)
        return count

    def count_ended_before(self, moment: datetime) -> int:
        """Return how many `put_ended_before` would move."""
        with self._database.reading() as connection:
            return history.count_ended_before(connection, moment)

    def put_ended_before(self, moment: datetime) -> int:
        """Move everything whose job ended before `moment` to the trash; return how many."""
        count = 0
        while True:
            with self._database.reading() as connection:
                ids = history.ended_before(connection, moment, AT_ONCE)
            if not ids:
                return count
            count += self.move(ids).count
