"""Converts errors of PostgreSQL and its driver to errors with cause and remedy."""

from __future__ import annotations

import psycopg

from app.domain.errors.base import N_, AppError
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.setup import (
    DatabaseDamaged,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseRefused,
    DatabaseServerFull,
    DatabaseUnreachable,
    DatabaseUnusable,
)

KINDS: dict[str, type[DatabaseUnusable]] = {
    "08": DatabaseUnreachable,  # connection exception
    "57P": DatabaseUnreachable,  # the server stops or starts
    "53300": DatabaseUnreachable,  # too many connections
    "28": DatabaseRefused,  # invalid authorization
    "3D000": DatabaseRefused,  # no such database
    "3F000": DatabaseRefused,  # no schema to create tables in
    "42501": DatabaseRefused,  # insufficient privilege
    "25006": DatabaseReadOnly,
    "53": DatabaseServerFull,  # disk or memory
    "55P03": DatabaseLocked,  # lock_timeout
    "40": DatabaseLocked,  # deadlock, serialization failure
    "XX001": DatabaseDamaged,
    "XX002": DatabaseDamaged,
}
"""By SQLSTATE, or the beginning of one; the longest that fits counts."""
OUT_OF_RANGE = "22003"
AUTHENTICATION = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")
"""Words with which the server refuses a new connection: such an error has no SQLSTATE yet."""


def database_error(error: BaseException | None, name: str) -> AppError:
    """Return the error for the database called `name`."""
    state = getattr(error, "sqlstate", None) or ""
    if state == OUT_OF_RANGE:
        return InvalidParameter(name="number", reason=N_("it is too large to be stored"))
    if isinstance(error, psycopg.DataError) and "NUL" in str(error):
        return InvalidParameter(name="text", reason=N_("it holds a character of code 0"))
    return _kind(error, state)(file=name, reason=_reason(error))


def _kind(error: BaseException | None, state: str) -> type[DatabaseUnusable]:
    if not state and isinstance(error, psycopg.OperationalError):
        is_refused = any(words in str(error) for words in AUTHENTICATION)
        return DatabaseRefused if is_refused else DatabaseUnreachable
    fitting = [beginning for beginning in KINDS if state.startswith(beginning)]
    return KINDS[max(fitting, key=len)] if fitting else DatabaseUnusable


def _reason(error: BaseException | None) -> str:
    """Return the message without its details, which may hold what people said."""
    told = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return told or next(iter(str(error).splitlines()), "")
