"""A consistent copy of the database, taken while others read and write it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from app.store.sqlite.errors import database_error

FORMER_PREFIX = "before-migration-"
"""Prefix of the copy of the database before a migration; followed by its schema version."""
PAGES_AT_ONCE = 4096  # writers get their turn in between


def copy_database(file: Path, target: Path) -> None:
    """Copy the committed state of `file` to the new file `target`, using SQLite's backup API.

    Raises:
        DatabaseUnusable: SQLite cannot read or copy it.
    """
    try:
        with (
            closing(_read_only(file)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy, pages=PAGES_AT_ONCE)
            copy.execute("PRAGMA journal_mode = DELETE")  # so that a single file holds everything
    except sqlite3.Error as error:
        raise database_error(error, file) from error


def verdict_of(file: Path) -> str:
    """Return "ok" for an intact database, else SQLite's message."""
    try:
        with closing(_read_only(file)) as connection:
            return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)


def schema_of(file: Path) -> str | None:
    """Return the schema version of a database; None if it was never set up."""
    try:
        with closing(_read_only(file)) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    return str(found[0]) if found else None


def forget_in_copies(data_dir: Path, id: str) -> None:
    """Remove a transcription from the copies of the database that lie beside it: deleted for good is deleted everywhere."""
    _delete_in_copies(data_dir, "DELETE FROM transcriptions WHERE id = ?", [id])


def forget_voices_in_copies(data_dir: Path, ids: Iterable[str]) -> None:
    """Remove known voices from the copies of the database that lie beside it."""
    _delete_in_copies(data_dir, "DELETE FROM known_voices WHERE id = ?", ids)


def _delete_in_copies(data_dir: Path, statement: str, ids: Iterable[str]) -> None:
    for copy in (*data_dir.glob(f"{FORMER_PREFIX}*.db"), *data_dir.glob("before-restore-*/app.db")):
        with suppress(sqlite3.Error), closing(sqlite3.connect(copy)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            connection.executemany(statement, [(id,) for id in ids])


def recordings_of(file: Path) -> list[str]:
    """Return the ids of the transcriptions in a database."""
    with closing(_read_only(file)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM transcriptions ORDER BY created_at")]


def newest_moment(file: Path) -> str | None:
    """Return when the newest transcription was created, as stored (UTC); None without a database or a row."""
    try:
        with closing(_read_only(file)) as connection:
            [newest] = connection.execute("SELECT max(created_at) FROM transcriptions").fetchone()
    except sqlite3.DatabaseError:
        return None
    return str(newest) if newest else None


def _read_only(file: Path) -> sqlite3.Connection:
    """Open a database read-only, escaping ?, % and # in its path for the URI."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
