"""A checksum of the rows of a table, whatever their order, that PostgreSQL and Python reckon alike."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Boolean, Column, Connection, Float, LargeBinary, Table

from app.store.tables import UtcDateTime

Checksum: TypeAlias = tuple[int, int]
"""The number of rows, and the sum of the beginnings of their SHA-256."""
BEGINNING = 7  # bytes: 56 bits, that fit into a number with its sign
_BETWEEN = "\x1f"  # two values
_NOTHING = "\x1e"


def checksum_of(rows: Iterable[Sequence[Any]]) -> Checksum:
    """Return the checksum of rows of Python values."""
    count = total = 0
    for row in rows:
        told = _BETWEEN.join(map(_told, row))
        total += int.from_bytes(hashlib.sha256(told.encode()).digest()[:BEGINNING], "big")
        count += 1
    return count, total


def stored_checksum(connection: Connection, table: Table) -> Checksum:
    """Return the checksum of the rows in a table of PostgreSQL, which the server reckons."""
    told = f" || E'{_escaped(_BETWEEN)}' || ".join(map(_expression, table.columns))
    beginning = f"substr(sha256(convert_to({told}, 'UTF8')), 1, {BEGINNING})"
    number = f"('x' || encode({beginning}, 'hex'))::bit({BEGINNING * 8})::bigint"
    query = f'SELECT count(*), coalesce(sum({number}), 0) FROM "{table.name}"'  # noqa: S608 - names of ours
    count, total = connection.exec_driver_sql(query).one()
    return int(count), int(total)


def _told(value: Any) -> str:
    """Return a value as `_expression` has it."""
    if value is None:
        return _NOTHING
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return struct.pack(">d", value).hex()
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    return value.hex() if isinstance(value, bytes) else str(value).lower()


def _expression(column: Column[Any]) -> str:
    """Return SQL for a value as `_told` has it: floats exactly, moments with all their figures."""
    name = f'"{column.name}"'
    if isinstance(column.type, Float):
        told = f"encode(float8send({name}), 'hex')"
    elif isinstance(column.type, UtcDateTime):
        told = f"to_char({name}, 'YYYY-MM-DD HH24:MI:SS.US')"
    elif isinstance(column.type, LargeBinary):
        told = f"encode({name}, 'hex')"
    elif isinstance(column.type, Boolean):
        told = f"CASE WHEN {name} THEN 'true' ELSE 'false' END"
        return f"CASE WHEN {name} IS NULL THEN E'{_escaped(_NOTHING)}' ELSE {told} END"
    else:
        told = f"{name}::text"
    return f"coalesce({told}, E'{_escaped(_NOTHING)}')"


def _escaped(character: str) -> str:
    return f"\\x{ord(character):02x}"
