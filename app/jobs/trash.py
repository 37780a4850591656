"""The trash: what was deleted stays there for some days, comes back as it was, or is removed for good."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from app.errors import AppError, TranscriptionNotFound
from app.jobs.queue import Queue, Transcription
from app.logging import event
from app.store import history, trash
from app.store.history import Wanted

_log = logging.getLogger(__name__)

AT_ONCE = 500  # rows in one transaction: others write in between
LOOK_SECONDS = 3600.0  # between looks for what has lain long enough
REMOVED_AT_ONCE = 100  # by whoever empties the trash; a worker removes the rest


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

    def put(self, ids: Sequence[str]) -> Deletion:
        """Put these in the trash; what is not there any more is passed over."""
        now = datetime.now(UTC)
        count = 0
        for first in range(0, len(ids), AT_ONCE):
            with self._database.writing() as connection:
                count += self._queue.put_in_trash(connection, list(ids[first : first + AT_ONCE]), now)
        event(_log, logging.INFO, "trash_filled", count=count)
        return Deletion(count, now)

    def put_found(self, wanted: Wanted) -> Deletion:
        """Put everything in the trash that fits now."""
        now = datetime.now(UTC)
        count, before = 0, None
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
        """Show one again.

        Raises:
            TranscriptionNotFound: it is not in the trash.
        """
        if not self.restore_all([id]):
            raise TranscriptionNotFound(id=id)
        return self._queue.get(id)

    def restore_all(self, ids: Sequence[str]) -> int:
        """Show these again; return how many were in the trash."""
        count = 0
        for first in range(0, len(ids), AT_ONCE):
            with self._database.writing() as connection:
                count += trash.restore(connection, ids[first : first + AT_ONCE])
        return count

    def undo(self, moment: datetime) -> int:
        """Show again all that one action put in the trash; return how many."""
        count = 0
        while True:
            with self._database.writing() as connection:
                ids = trash.put_at(connection, moment, AT_ONCE)
                count += trash.restore(connection, ids) if ids else 0
            if len(ids) < AT_ONCE:
                return count

    def remove(self, ids: Sequence[str]) -> int:
        """Remove these for good, if they are in the trash; return how many that no worker holds."""
        with self._database.writing() as connection:
            free = trash.give_up(connection, ids)
        for id in free[:REMOVED_AT_ONCE]:
            self._queue.purge(id)
        return len(free)

    def empty(self, before: datetime | None = None) -> None:
        """Remove for good all that was put there before `before`, or all; files of many go little by little."""
        moment = before or datetime.now(UTC) + timedelta(days=1)
        while True:
            with self._database.reading() as connection:
                ids = trash.put_before(connection, moment, AT_ONCE)
            if not ids:
                return
            event(_log, logging.INFO, "trash_emptied", count=self.remove(ids))

    @contextmanager
    def emptied_after(self, days: float) -> Iterator[None]:
        """Remove what has lain for so many days, again and again during the block; 0 days keep everything."""
        if not days:
            yield
            return
        stopping = Event()
        thread = Thread(target=self._look, args=(days, stopping.wait), name="trash", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join(timeout=1)

    def _look(self, days: float, wait: Callable[[float], bool]) -> None:
        while True:
            try:
                self.empty(datetime.now(UTC) - timedelta(days=days))
            except (AppError, OSError):  # a locked database or a file that resists: the next look tries again
                event(_log, logging.WARNING, "trash_kept", exc_info=True)
            if wait(LOOK_SECONDS):
                return
