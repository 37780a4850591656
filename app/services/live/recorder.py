"""Writes the audio of all live sessions to disk a few times a second, in one transaction regardless of their number."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from threading import Lock

from app.domain.errors.base import AppError
from app.domain.errors.live import LiveNotStored
from app.logging import event
from app.services.live.session import Session
from app.services.live.session_store import LiveSessionStore

WRITE_SECONDS = 0.2
COMPLAINT_SECONDS = 5.0  # between repeated errors

_log = logging.getLogger(__name__)


class Recorder:
    """One thread writes; an ending session has its audio written immediately."""

    def __init__(self, session_store: LiveSessionStore, sessions: Callable[[], Sequence[Session]]) -> None:
        self._session_store = session_store
        self._sessions = sessions
        self._writing = Lock()
        self._complained: dict[str, float] = {}  # when each session was last told that its audio is not stored

    def write_all(self) -> None:
        """Write what has arrived; disk errors are reported to the clients and retried."""
        written = [session for session in self._sessions() if self._is_written(session)]
        try:
            self._store_progress(written)
        except AppError as error:
            for session in written:
                self._complain(session, error)

    def write(self, session: Session) -> None:
        """Write the audio of one session to disk.

        Raises:
            DiskFull, DatabaseUnusable
        """
        session.intake.write()
        self._store_progress([session])

    def _store_progress(self, sessions: Sequence[Session]) -> None:
        with self._writing:
            stored = [(session, session.intake.stored) for session in sessions]
            if not stored:
                return
            self._session_store.store_progress((session.place.id, place) for session, place in stored)
            for session, place in stored:
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
