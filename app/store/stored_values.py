"""What SQLite has stored, as PostgreSQL's driver takes it: without the detour by which queries read objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Boolean, Column, String, Table

from app.store.tables import UtcDateTime

Values: TypeAlias = Sequence[Any]
"""Of one row."""


def stored_values(table: Table) -> Callable[[Values], Values]:
    """Return what converts a row with all columns of a table."""
    converters = [_converter(column) for column in table.columns]

    def converted(row: Values) -> Values:
        return [value if value is None else convert(value) for convert, value in zip(converters, row, strict=True)]

    return converted


def _converter(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, Boolean):
        return bool
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat
    return _text if isinstance(column.type, String) else _unchanged


def _text(value: str) -> str:
    """PostgreSQL has no character of code 0 in texts."""
    return value.replace("\0", "\ufffd") if "\0" in value else value


def _unchanged(value: Any) -> Any:
    """JSON is kept as it was written."""
    return value
