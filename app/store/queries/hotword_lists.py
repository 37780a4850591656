"""Queries on saved lists of hotwords. Each takes the connection of an open transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from app.store.database import Row
from app.store.queries.ownership import is_own, new_owner
from app.store.tables import hotword_lists


def everything(connection: Connection) -> list[Row]:
    """Return the lists sorted by name."""
    query = select(hotword_lists).where(is_own(hotword_lists)).order_by(hotword_lists.c.name)
    return [_without_owner(row) for row in connection.execute(query).mappings()]


def count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(hotword_lists).where(is_own(hotword_lists))) or 0


def find(connection: Connection, id: str) -> Row | None:
    query = select(hotword_lists).where(hotword_lists.c.id == id, is_own(hotword_lists))
    row = connection.execute(query).mappings().first()
    return _without_owner(row) if row else None


def named(connection: Connection, name: str) -> str | None:
    """Return the id of the list with this name."""
    return connection.scalar(select(hotword_lists.c.id).where(hotword_lists.c.name == name, is_own(hotword_lists)))


def add(connection: Connection, **values: Any) -> None:
    connection.execute(insert(hotword_lists).values(owner=new_owner(), **values))


def change(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(hotword_lists).where(hotword_lists.c.id == id).values(**values))


def remove(connection: Connection, id: str) -> None:
    connection.execute(delete(hotword_lists).where(hotword_lists.c.id == id))


def _without_owner(row: Mapping[Any, Any]) -> Row:
    return {str(name): value for name, value in row.items() if name != "owner"}
