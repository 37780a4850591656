"""Puts the sound of all live sessions on the disk a few times a second: one transaction, whatever their number."""

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
COMPLAINT_SECONDS = 5.0  # between two of the same

_log = logging.getLogger(__name__)


class Recorder:
    """One thread writes; a session that ends has its own sound written at once."""

    def __init__(self, session_store: LiveSessionStore, sessions: Callable[[], Sequence[Session]]) -> None:
        self._session_store = session_store
        self._sessions = sessions
        self._writing = Lock()
        self._complained: dict[str, float] = {}  # when each session was told last that its sound is not stored

    def write_all(self) -> None:
        """Write what has arrived; a disk that takes nothing is told to the clients and asked again."""
        written = [session for session in self._sessions() if self._is_written(session)]
        try:
            self._store_progress(written)
        except AppError as error:
            for session in written:
                self._complain(session, error)

    def write(self, session: Session) -> None:
        """Put the sound of one session on the disk.

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
        """Return whether there is more of it on the disk than the database knows."""
        try:
            session.intake.write()
        except (AppError, OSError) as error:
            self._complain(session, error)
        return not session.is_noted

    def _complain(self, session: Session, error: AppError | OSError) -> None:
        """Tell it, but not at every try."""
        now, id = time.monotonic(), session.place.id
        if now - self._complained.get(id, -COMPLAINT_SECONDS) < COMPLAINT_SECONDS:
            return
        self._complained = {each: at for each, at in self._complained.items() if now - at < COMPLAINT_SECONDS}
        self._complained[id] = now
        event(_log, logging.WARNING, "live_not_stored", session=id, reason=error)
        told = error.problem.to_dict() if isinstance(error, AppError) else error.strerror or str(error)
        session.complain(LiveNotStored(reason=told))
