"""Hears from the server what other processes have changed, so that nobody has to look for it again and again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, TypeAlias

import psycopg

from app.domain.errors.base import AppError
from app.logging import event

CHANGES, QUEUED = "funasr_changes", "funasr_queued"  # what the triggers tell
LOOK_SECONDS = 5.0  # without news; also what tells that the server is still there
RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)
Session: TypeAlias = "psycopg.Connection[Any]"


class Listener:
    """One session of a process that listens, opened by `connect`; `queued` is called when a job may wait."""

    def __init__(self, connect: Callable[[], Session], queued: Callable[[], None]) -> None:
        self.revision: int | None = None
        """The last revision that the server has told; None while it cannot be heard."""
        self._connect = connect
        self._queued = queued
        self._stopping = Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = Thread(target=self._run, name="database-listener", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._connect() as session:
                    self._listen(session)
            except (psycopg.Error, AppError) as error:
                self.revision = None
                event(_log, logging.WARNING, "database_not_heard", reason=type(error).__name__)
                self._stopping.wait(RETRY_SECONDS)
        self.revision = None

    def _listen(self, session: Session) -> None:
        session.execute(f"LISTEN {CHANGES}")
        session.execute(f"LISTEN {QUEUED}")
        channels = {QUEUED}  # what came before is found now
        while not self._stopping.is_set():
            self.revision = session.execute("SELECT current FROM revisions").fetchone()[0]  # type: ignore[index]
            if QUEUED in channels:
                self._queued()
            channels = {note.channel for note in self._news(session)}

    def _news(self, session: Session) -> Iterator[psycopg.Notify]:
        """Yield what is told next, or nothing after LOOK_SECONDS."""
        waited = 0.0
        while waited < LOOK_SECONDS and not self._stopping.is_set():
            found = list(session.notifies(timeout=RETRY_SECONDS, stop_after=1))
            yield from found
            if found:
                return
            waited += RETRY_SECONDS
