"""Queries on saved lists of hotwords and rules. Each takes the connection of an open transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from app.store.database import Row
from app.store.queries.ownership import is_own, new_owner
from app.store.tables import saved_lists

SHOWN = [column for column in saved_lists.c if column.name not in ("owner", "kind")]


def everything(connection: Connection, kind: str) -> list[Row]:
    """Return the lists of a kind sorted by name."""
    query = select(*SHOWN).where(_is_own(kind)).order_by(saved_lists.c.name)
    return [dict(row) for row in connection.execute(query).mappings()]


def count(connection: Connection, kind: str) -> int:
    return connection.scalar(select(func.count()).select_from(saved_lists).where(_is_own(kind))) or 0


def find(connection: Connection, kind: str, id: str) -> Row | None:
    row = connection.execute(select(*SHOWN).where(saved_lists.c.id == id, _is_own(kind))).mappings().first()
    return dict(row) if row else None


def named(connection: Connection, kind: str, name: str) -> str | None:
    """Return the id of the list with this name."""
    return connection.scalar(select(saved_lists.c.id).where(saved_lists.c.name == name, _is_own(kind)))


def add(connection: Connection, **values: Any) -> None:
    connection.execute(insert(saved_lists).values(owner=new_owner(), **values))


def change(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(saved_lists).where(saved_lists.c.id == id).values(**values))


def remove(connection: Connection, id: str) -> None:
    connection.execute(delete(saved_lists).where(saved_lists.c.id == id))


def _is_own(kind: str) -> ColumnElement[bool]:
    return is_own(saved_lists) & (saved_lists.c.kind == kind)
