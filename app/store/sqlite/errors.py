"""Converts SQLite errors to errors with cause and remedy."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from app.domain.errors.base import AppError
from app.domain.errors.setup import DatabaseDamaged, DatabaseLocked, DatabaseNotOpened, DatabaseUnusable
from app.domain.errors.uploads import DiskFull

KINDS: dict[int, type[DatabaseUnusable]] = {
    sqlite3.SQLITE_BUSY: DatabaseLocked,
    sqlite3.SQLITE_LOCKED: DatabaseLocked,
    sqlite3.SQLITE_CORRUPT: DatabaseDamaged,
    sqlite3.SQLITE_NOTADB: DatabaseDamaged,
    sqlite3.SQLITE_CANTOPEN: DatabaseNotOpened,
    sqlite3.SQLITE_READONLY: DatabaseNotOpened,
    sqlite3.SQLITE_PERM: DatabaseNotOpened,
    sqlite3.SQLITE_IOERR: DatabaseNotOpened,
}
PRIMARY_CODE = 0xFF  # mask for SQLite's extended result codes


def database_error(error: BaseException | None, file: Path) -> AppError:
    """Return the error for the database `file`."""
    code = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(folder=str(file.parent))
    return KINDS.get(code, DatabaseUnusable)(file=str(file), reason=str(error))
