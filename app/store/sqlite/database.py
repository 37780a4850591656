"""One SQLite file, opened so that a commit survives a power cut.

Readers never wait for a writer (WAL). Writers wait for each other: a write transaction takes the lock when it
begins, so that what it has read cannot change before it writes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError

from app.domain.errors.base import N_
from app.domain.errors.setup import DatabaseLocked, DatabaseNewer, DataBeingRestored
from app.locks import hold_alone, hold_together, in_turn
from app.store.facts import DatabaseFacts
from app.store.files.storage_errors import storage_errors
from app.store.migration import SCHEMA_VERSION, SchemaUnknown, upgrade
from app.store.sqlite.errors import database_error
from app.store.sqlite.exchange import finish_exchange, is_planned
from app.store.sqlite.snapshot import FORMER_PREFIX, copy_database
from app.store.sqlite.watch import DatabaseWatch
from app.store.sqlite.worker_locks import FileLocks
from app.store.value_errors import value_errors

DATABASE_NAME = "app.db"
IN_USE_NAME = "in-use.lock"  # shared by every process with the database open, exclusive to one that replaces it
BUSY_SECONDS = 10.0  # how long a writer waits for another
_POOL = {"pool_size": 8, "max_overflow": 40, "pool_timeout": 60}  # the web uses up to 40 threads


class SqliteDatabase:
    """Transactions on the file `folder`/app.db; see `app.store.database.Database`."""

    def __init__(self, folder: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.file = folder / DATABASE_NAME
        self._hold: int | None = None
        self._turns = Lock()
        self._busy_seconds = busy_seconds
        self._watch: DatabaseWatch | None = None
        self._engine = create_engine(
            URL.create("sqlite", database=str(self.file)),  # not a string, in which ?, % and # have a meaning
            connect_args={"timeout": busy_seconds, "check_same_thread": False},
            hide_parameters=True,  # parameters contain what people said, and errors are logged
            **_POOL,
        )
        event.listen(self._engine, "connect", _prepare_connection)
        self._writer = self._engine.execution_options(writes=True)  # shares the connection pool
        event.listen(self._engine, "begin", _begin)

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def name(self) -> str:
        return str(self.file)

    @property
    def worker_locks(self) -> FileLocks:
        return FileLocks(self.folder)

    @property
    def told_revision(self) -> int | None:
        return None

    def listening(self, queued: Callable[[], None]) -> AbstractContextManager[None]:  # noqa: ARG002 - a file tells nothing
        return nullcontext()

    @contextmanager
    def alone_with(self, task: str) -> Iterator[bool]:
        lock = hold_alone(self.folder / f".{task}.lock")
        try:
            yield lock is not None
        finally:
            if lock is not None:
                os.close(lock)

    def facts(self) -> DatabaseFacts:
        size = sum(file.stat().st_size for file in self.folder.glob(f"{DATABASE_NAME}*"))
        return DatabaseFacts("SQLite", sqlite3.sqlite_version, size)

    def migrate(self) -> None:
        """Lock the data folder until `close`, and migrate the schema; processes that start together take turns.

        Raises:
            DataBeingRestored: another process is restoring a backup.
            DatabaseUnusable: it is damaged, cannot be opened, or a newer version of the program made it.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._hold_folder()
        keep_private(self.file)
        self._end_watch()
        with self._explained(), self._given_up_on_error():
            if self._schema_version() != SCHEMA_VERSION:
                with in_turn(self.file.with_suffix(".migration")):
                    self._keep_former()
                    self._upgrade()
            self._watch = DatabaseWatch(self.file)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction with a consistent snapshot.

        Raises:
            DatabaseUnusable: SQLite cannot read.
        """
        self._check_place()
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction, on disk when the block ends; an exception rolls it back.

        Raises:
            DiskFull: there is no room for the change.
            DatabaseUnusable: another program holds the file, or SQLite cannot write.
        """
        self._check_place()
        with self._explained(), self._turn_taken(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self._end_watch()
        self._engine.dispose()
        self._release()

    def __del__(self) -> None:
        self._release()

    @contextmanager
    def _given_up_on_error(self) -> Iterator[None]:
        """Keep no connection to a file that was refused."""
        try:
            yield
        except BaseException:
            self._engine.dispose()
            raise

    def _hold_folder(self) -> None:
        folder = self.file.parent
        self._release()
        if is_planned(folder):
            with alone_in(folder):
                if is_planned(folder):
                    finish_exchange(folder)
        self._hold = hold_together(folder / IN_USE_NAME)
        if self._hold is None:
            raise DataBeingRestored(folder=str(folder))

    def _release(self) -> None:
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None

    @contextmanager
    def _turn_taken(self) -> Iterator[None]:
        """Let the writers of this process follow each other: SQLite's own wait is a poll, in which one may starve."""
        if not self._turns.acquire(timeout=self._busy_seconds):
            raise DatabaseLocked(file=str(self.file), reason=N_("another thread is writing"))
        try:
            yield
        finally:
            self._turns.release()

    def _check_place(self) -> None:
        """Refuse to go on with files that lie elsewhere now.

        Raises:
            DatabaseReplaced, DatabasePartRemoved
        """
        if self._watch is not None:
            self._watch.check()

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _keep_former(self) -> None:
        """Copy a database of an older version before it is changed; the copy before that one goes.

        Raises:
            DatabaseUnusable, DiskFull: it cannot be copied, so it is not changed either.
        """
        former = self._schema_version()
        if former is None or former >= SCHEMA_VERSION:
            return
        copy = self.file.with_name(f"{FORMER_PREFIX}{former}.db")
        part = copy.with_suffix(".part")
        part.unlink(missing_ok=True)
        with storage_errors(copy.parent):
            copy_database(self.file, part)
            part.chmod(0o600)
            part.replace(copy)
        for older in copy.parent.glob(f"{FORMER_PREFIX}*"):
            if older != copy:
                older.unlink(missing_ok=True)

    def _schema_version(self) -> str | None:
        """Return the newest applied migration; None for an empty database."""
        with closing(sqlite3.connect(self.file)) as connection:
            try:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return None
                raise
        return row[0] if row else None

    def _upgrade(self) -> None:
        with self.writing() as connection:
            try:
                upgrade(connection)
            except SchemaUnknown as error:
                raise DatabaseNewer(file=str(self.file)) from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            with value_errors():
                yield
        except (sqlite3.Error, DBAPIError) as error:
            raise database_error(error.orig if isinstance(error, DBAPIError) else error, self.file) from error


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Lock the data folder exclusively during the block.

    Raises:
        DataBeingRestored: another process has it open.
    """
    hold = hold_alone(folder / IN_USE_NAME)
    if hold is None:
        raise DataBeingRestored(folder=str(folder))
    try:
        yield
    finally:
        os.close(hold)


def keep_private(file: Path) -> None:
    """Let nobody but this user read the data folder and the database in it, as far as this user may decide it."""
    with suppress(OSError):
        file.parent.chmod(0o700)
    with suppress(OSError):
        if not file.exists():  # closing it would drop the locks that this process may have on it
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        for each in file.parent.glob(f"{file.name}*"):
            each.chmod(0o600)


def _prepare_connection(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # `_begin` starts transactions, not sqlite3
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit is on disk, not only in the page cache
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
