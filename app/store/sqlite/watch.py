"""Notices that the files of the open database were moved, removed or replaced.

SQLite itself goes on with the files that it has open, under whatever name, and what it then stores is gone after a restart.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Lock

from app.domain.errors.setup import DatabasePartRemoved, DatabaseReplaced
from app.logging import event

CHECKPOINT_SECONDS = 2.0  # how long the rescue waits for a transaction that is under way

_log = logging.getLogger(__name__)


class DatabaseWatch:
    """The files of one database as they were when it was opened. It keeps a connection, and with it the -wal file, open."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._parts = (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm"))
        self._lock = Lock()
        self._is_rescued = False
        self._connection = sqlite3.connect(file, timeout=CHECKPOINT_SECONDS, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens the other two files
        self._identities = {path: _identity(path) for path in (file, *self._parts)}

    def check(self) -> None:
        """Refuse to go on with files that lie elsewhere now.

        Raises:
            DatabaseReplaced: the database itself.
            DatabasePartRemoved: its write-ahead log, or the memory that its users share.
        """
        if _identity(self._file) != self._identities[self._file]:
            raise DatabaseReplaced(file=str(self._file))
        for part in self._parts:
            if _identity(part) != self._identities[part]:
                self._rescue()
                raise DatabasePartRemoved(file=str(part))

    def close(self) -> None:
        self._connection.close()

    def _rescue(self) -> None:
        """Copy what the removed log holds to the database, once; not if another process has begun a new one."""
        wal, _ = self._parts
        with self._lock:
            if self._is_rescued or _identity(wal) not in (None, self._identities[wal]):
                return
            self._is_rescued = True
            try:
                with closing(self._connection.execute("PRAGMA wal_checkpoint(FULL)")) as cursor:
                    told = cursor.fetchone()
            except sqlite3.Error as error:
                event(_log, logging.ERROR, "database_not_rescued", reason=error)
            else:
                event(_log, logging.ERROR, "database_part_removed", busy=told[0], pages=told[2])


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
