"""The database: transactions on one SQLite file, or on a PostgreSQL server. It knows nothing about its content."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection

from app.domain.errors.setup import PackageMissing
from app.store.facts import DatabaseFacts
from app.store.sqlite.database import BUSY_SECONDS, SqliteDatabase
from app.store.worker_locks import WorkerLocks

__all__ = ["Connection", "Database", "Row", "open_database"]

Row: TypeAlias = dict[str, Any]
"""One row, by column name."""


class Database(Protocol):
    """Transactions; all methods may be called from any thread. Those that fail raise DatabaseUnusable."""

    @property
    def folder(self) -> Path:
        """The data folder, in which the files are."""

    @property
    def name(self) -> str:
        """What people know it by: its file, or server and database without the password."""

    @property
    def worker_locks(self) -> WorkerLocks:
        """What tells which workers live."""

    def facts(self) -> DatabaseFacts: ...

    def alone_with(self, task: str) -> AbstractContextManager[bool]:
        """Yield whether no other process does the task; none begins it during the block. It does not wait."""

    @property
    def told_revision(self) -> int | None:
        """The last revision, where the database tells of changes; it may be some milliseconds old."""

    def listening(self, queued: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `queued` during the block when another process may have queued a job, where the database tells that."""

    def migrate(self) -> None:
        """Use the database until `close`, and make or migrate its schema; processes that start together take turns.

        Raises:
            DatabaseUnusable: also if a newer version of the program made it.
        """

    def reading(self) -> AbstractContextManager[Connection]:
        """A read transaction with a consistent snapshot."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A write transaction, on disk when the block ends; an exception rolls it back.

        Writers follow each other: what one has read cannot change before it writes.

        Raises:
            DiskFull: there is no room for the change.
        """

    def close(self) -> None: ...


def open_database(data_dir: Path, url: str = "", busy_seconds: float = BUSY_SECONDS) -> Database:
    """Return the database at `url`; without one, the file in the data folder.

    `busy_seconds` is how long a writer waits for another.

    Raises:
        DatabaseUrlInvalid, PackageMissing
    """
    if not url:
        return SqliteDatabase(data_dir, busy_seconds)
    if find_spec("psycopg") is None:
        raise PackageMissing(wanted="FUNASR_DATABASE_URL", package="psycopg", extra="postgresql")
    from app.store.postgresql.database import PostgresDatabase  # imports the driver

    return PostgresDatabase(data_dir, url, busy_seconds)
