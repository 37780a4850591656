"""Tells whoever waits for a job that it has come further, also when another process does the work.

One thread asks the database for all that are waited for, and only while somebody waits.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Thread
from typing import TypeAlias

from app.domain.states import JobState
from app.domain.transcription import SegmentRecord
from app.logging import event
from app.services.transcriptions.job_queue import Queue
from app.store.queries import client_requests

LOOK_SECONDS = 0.1
FAREWELL_SECONDS = 5.0
SEGMENTS_AT_ONCE = 200
FINAL_STATES = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job is."""

    state: JobState | None
    """None: it was deleted."""
    settled: int = 0
    """The number of its segments that are done or have failed."""

    @property
    def has_ended(self) -> bool:
        return self.state is None or self.state in FINAL_STATES


Listener: TypeAlias = Callable[[JobStatus], None]
"""Called in the thread of JobChanges."""


class JobChanges:
    """Calls listeners whenever their job has changed, and at first."""

    def __init__(self, queue: Queue, look_seconds: float = LOOK_SECONDS) -> None:
        self._queue = queue
        self._look_seconds = look_seconds
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self._told: dict[str, JobStatus] = {}
        self._revision = -1
        self._wanted = Condition()
        self._is_stopping = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look for changes during the block."""
        thread = Thread(target=self._run, name="job-changes", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._wanted:
                self._is_stopping = True
                self._wanted.notify_all()
            thread.join(FAREWELL_SECONDS)

    @contextmanager
    def listening(self, id: str, listener: Listener) -> Iterator[None]:
        """Call `listener` with every change of job `id` during the block."""
        with self._wanted:
            self._listeners[id].append(listener)
            self._told.pop(id, None)  # tells all of its listeners once more
            self._revision = -1
            self._wanted.notify_all()
        try:
            yield
        finally:
            with self._wanted:
                self._listeners[id].remove(listener)
                if not self._listeners[id]:
                    del self._listeners[id]
                    self._told.pop(id, None)

    def is_followed(self, id: str) -> bool:
        with self._wanted:
            return id in self._listeners

    def _run(self) -> None:
        while self._somebody_listens():
            try:
                self._look()
            except Exception:  # noqa: BLE001 - a locked database is asked again
                event(_log, logging.ERROR, "job_changes_failed", exc_info=True)
            with self._wanted:
                self._wanted.wait_for(lambda: self._is_stopping, self._look_seconds)

    def _somebody_listens(self) -> bool:
        """Wait until there is a listener; return false when there will be none."""
        with self._wanted:
            self._wanted.wait_for(lambda: self._listeners or self._is_stopping)
            return not self._is_stopping

    def _look(self) -> None:
        revision = self._queue.revision()
        with self._wanted:
            if revision == self._revision:
                return
            self._revision = revision
            followed = list(self._listeners)
        with self._queue.database.reading() as connection:
            found = client_requests.statuses(connection, followed)
        for id in followed:
            state, settled = found.get(id, (None, 0))
            self._tell(id, JobStatus(JobState(state) if state else None, settled))

    def _tell(self, id: str, status: JobStatus) -> None:
        with self._wanted:
            listeners = list(self._listeners.get(id, ()))
            if not listeners or self._told.get(id) == status:
                return
            self._told[id] = status
        for listener in listeners:
            listener(status)


class SettledSegments:
    """Hands out the segments of a job in time order, each as soon as it and all before it are done."""

    def __init__(self, queue: Queue, id: str) -> None:
        self._queue = queue
        self._id = id
        self._next = 0

    def read(self) -> list[SegmentRecord]:
        """Return what is new, with its words; a segment that failed ends the sequence.

        Raises:
            TranscriptionNotFound
        """
        new: list[SegmentRecord] = []
        while found := self._done():
            new += found
        return new

    def _done(self) -> list[SegmentRecord]:
        found = self._queue.some_segments(self._id, self._next, self._next + SEGMENTS_AT_ONCE - 1)
        done = []
        for segment in found:
            if segment.state != "done":
                break
            done.append(segment)
        self._next += len(done)
        return done
