"""The database: one SQLite file, opened so that a commit survives a power cut. It knows no noun of the product.

Readers never wait for a writer (WAL). Writers wait for each other: a write transaction takes the lock when it
begins, so that nothing it has read can change before it writes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.setup import DatabaseNewer, DataBeingRestored
from app.locks import hold_alone, hold_together, in_turn
from app.store.database_errors import database_error
from app.store.files.database_exchange import finish_exchange, is_planned

__all__ = ["Connection", "Database", "Row"]

DATABASE_NAME = "app.db"
IN_USE_NAME = "in-use.lock"  # held together by every process that has the database open, alone by one that exchanges it
SCHEMA_VERSION = "0013"
"""The newest migration. It stands here so that a start with a current schema need not import alembic."""

Row: TypeAlias = dict[str, Any]
"""One row by the names of its columns."""

BUSY_SECONDS = 10.0  # how long a writer waits for another one
_POOL = {"pool_size": 8, "max_overflow": 40, "pool_timeout": 60}  # the web asks from up to 40 threads


class Database:
    """Transactions on the file `folder`/app.db."""

    def __init__(self, folder: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.file = folder / DATABASE_NAME
        self._hold: int | None = None
        self._engine = create_engine(
            URL.create("sqlite", database=str(self.file)),  # no text: ?, % and # in it would mean something else
            connect_args={"timeout": busy_seconds, "check_same_thread": False},
            hide_parameters=True,  # they hold what people said, and errors reach the log
            **_POOL,
        )
        event.listen(self._engine, "connect", _prepare_connection)
        self._writer = self._engine.execution_options(writes=True)  # shares the connections
        event.listen(self._engine, "begin", _begin)

    def migrate(self) -> None:
        """Hold the data folder until `close`, and bring the schema up to date; processes that start together take turns.

        Raises:
            DataBeingRestored: another process puts a backup in place.
            DatabaseUnusable: it is damaged, cannot be opened, or a newer version of the program made it.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._hold_folder()
        with self._explained():
            if self._schema_version() == SCHEMA_VERSION:
                return
            with in_turn(self.file.with_suffix(".migration")):
                self._upgrade()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database.

        Raises:
            DatabaseUnusable: SQLite cannot read.
        """
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is on the disk when the block has ended; an exception undoes it.

        Raises:
            DiskFull: there is no room for the change.
            DatabaseUnusable: another program holds the file, or SQLite cannot write.
        """
        with self._explained(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()
        self._release()

    def __del__(self) -> None:
        self._release()

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

    def _schema_version(self) -> str | None:
        """Return the version of the newest migration that was applied; None for an empty database."""
        with closing(sqlite3.connect(self.file)) as connection:
            try:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return None
                raise
        return row[0] if row else None

    def _upgrade(self) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.util.exc import CommandError

        config = Config()
        migrations = str(Path(__file__).parent / "migrations")
        config.set_main_option("script_location", migrations.replace("%", "%%"))  # % has a meaning of its own there
        with self.writing() as connection:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:  # alembic does not know the version that it found
                raise DatabaseNewer(file=str(self.file)) from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OverflowError as error:
            raise InvalidParameter(name="number", reason=N_("it is too large to be stored")) from error
        except UnicodeEncodeError as error:
            raise InvalidParameter(name="text", reason=N_("it holds half of a character")) from error
        except (sqlite3.Error, DBAPIError) as error:
            raise database_error(error.orig if isinstance(error, DBAPIError) else error, self.file) from error


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other process from opening the data folder during the block.

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


def _prepare_connection(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where sqlite3 guesses
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk, not only in the system's memory
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
