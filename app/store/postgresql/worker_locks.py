"""Workers of any number of machines: an advisory lock for each, on a connection of its own, which the server releases.

The server drops the connection of a machine that vanished after less than half a minute. A worker that was only cut off
cannot store anything meanwhile; when it is back, its lock is gone and its former jobs are not its own any more: each
write asks for that in its transaction.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Event, Thread

import psycopg
from sqlalchemy import Connection

from app.logging import event
from app.store.postgresql.listener import Session

WORKERS = 0x46756E57  # first half of the locks' keys
LOCKS = f"""
    SELECT objid FROM pg_locks JOIN pg_database ON oid = database
    WHERE datname = current_database() AND locktype = 'advisory' AND granted AND classid = {WORKERS} AND objsubid = 2
"""  # noqa: S608 - a number of ours
"""The query of all workers' locks."""
LOOK_SECONDS = 2.0  # between two looks whether the connection is still there

_log = logging.getLogger(__name__)


class SessionLocks:
    """Advisory locks of sessions, opened by `connect`; see `app.store.worker_locks.WorkerLocks`."""

    def __init__(
        self, connect: Callable[[], Session], reading: Callable[[], AbstractContextManager[Connection]]
    ) -> None:
        self._connect = connect
        self._reading = reading

    @contextmanager
    def holding(self, id: str, renewed: Callable[[str], None]) -> Iterator[None]:
        holder = _Holder(self._connect, id, renewed)
        with holder.running():
            yield

    def is_alive(self, id: str) -> bool:
        return self._is_there(f"AND objid = {_key(id)}")

    def is_any_alive(self) -> bool:
        return self._is_there("")

    def forget(self, id: str) -> None:
        """Nothing is left of a session."""

    def _is_there(self, condition: str) -> bool:
        with self._reading() as connection:
            return bool(connection.exec_driver_sql(f"SELECT EXISTS ({LOCKS} {condition})").scalar())


class _Holder:
    """One worker's lock, taken again under a new id whenever its session has ended."""

    def __init__(self, connect: Callable[[], Session], id: str, renewed: Callable[[str], None]) -> None:
        self._connect = connect
        self._renewed = renewed
        self._stopping = Event()
        self._session = self._locked(id)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = Thread(target=self._watch, name="worker-lock", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()
            self._session.close()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._session.execute("SELECT 1")
            except psycopg.Error as error:
                event(_log, logging.WARNING, "worker_lock_lost", reason=type(error).__name__)
                self._session.close()
                self._renew()

    def _renew(self) -> None:
        while not self._stopping.is_set():
            id = secrets.token_hex(8)
            with suppress(Exception):  # the server is not back yet
                self._session = self._locked(id)
                self._renewed(id)
                event(_log, logging.INFO, "worker_lock_renewed", worker=id)
                return
            self._stopping.wait(LOOK_SECONDS)

    def _locked(self, id: str) -> Session:
        session = self._connect()
        session.execute(f"SELECT pg_advisory_lock({WORKERS}, {_key(id)})")
        return session


def _key(id: str) -> int:
    """Return the second half of a lock's key: 31 bits, as PostgreSQL shows them with and without a sign."""
    return int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big") >> 1
