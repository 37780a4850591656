"""Writes the audio of all live sessions a few times a second, and counts it in one transaction regardless of their number."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from app.domain.errors.base import AppError
from app.domain.errors.live import LiveNotStored
from app.logging import event
from app.services.live.session import Session
from app.services.live.session_store import LiveSessionStore

WRITE_SECONDS = 0.2
SHARED_WRITE_SECONDS = 0.4  # each time makes an object of every session
AT_ONCE = 16  # requests to an object store
COMPLAINT_SECONDS = 5.0  # between repeated errors

_log = logging.getLogger(__name__)


class Recorder:
    """One thread writes, to an object store several; an ending session has its audio written immediately."""

    def __init__(self, session_store: LiveSessionStore, sessions: Callable[[], Sequence[Session]]) -> None:
        self._session_store = session_store
        self._sessions = sessions
        self._writing = Lock()
        self._writers = ThreadPoolExecutor(AT_ONCE, "live-writer") if session_store.is_shared else None
        self._at_once = self._writers.map if self._writers else map
        self._complained: dict[str, float] = {}  # when each session was last told that its audio is not stored

    def write_all(self) -> None:
        """Write what has arrived; disk errors are reported to the clients and retried."""
        sessions = self._sessions()
        is_written = self._at_once(self._is_written, sessions)
        written = [session for session, is_new in zip(sessions, is_written, strict=True) if is_new]
        try:
            self._store_progress(written)
        except AppError as error:
            for session in written:
                self._complain(session, error)

    def close(self) -> None:
        """Write what has arrived for the last time."""
        self.write_all()
        if self._writers:
            self._writers.shutdown(wait=False)

    def write(self, session: Session) -> None:
        """Write the audio of one session to disk.

        Raises:
            DiskFull, StoreUnusable, DatabaseUnusable
        """
        session.intake.write()
        self._store_progress([session])

    def _store_progress(self, sessions: Sequence[Session]) -> None:
        with self._writing:
            stored = [(session, session.intake.stored) for session in sessions]
            if not stored:
                return
            lost = self._session_store.store_progress((session.place, place) for session, place in stored)
            for session, place in stored:
                if session.place.id in lost:
                    session.lose()
                else:
                    session.noted(place)

    def _is_written(self, session: Session) -> bool:
        """Return whether more of it is on disk than the database records."""
        try:
            session.intake.write()
        except (AppError, OSError) as error:
            self._complain(session, error)
        return not session.is_noted

    def _complain(self, session: Session, error: AppError | OSError) -> None:
        """Report the error, but not on every attempt."""
        now, id = time.monotonic(), session.place.id
        if now - self._complained.get(id, -COMPLAINT_SECONDS) < COMPLAINT_SECONDS:
            return
        self._complained = {each: at for each, at in self._complained.items() if now - at < COMPLAINT_SECONDS}
        self._complained[id] = now
        event(_log, logging.WARNING, "live_not_stored", session=id, reason=error)
        told = error.problem.to_dict() if isinstance(error, AppError) else error.strerror or str(error)
        session.complain(LiveNotStored(reason=told))
