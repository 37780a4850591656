"""Queries on saved lists of hotwords. Each takes the connection of an open transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from app.store.database import Row
from app.store.tables import hotword_lists


def everything(connection: Connection) -> list[Row]:
    """Return the lists sorted by name."""
    query = select(hotword_lists).order_by(hotword_lists.c.name)
    return [dict(row) for row in connection.execute(query).mappings()]


def count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(hotword_lists)) or 0


def find(connection: Connection, id: str) -> Row | None:
    row = connection.execute(select(hotword_lists).where(hotword_lists.c.id == id)).mappings().first()
    return dict(row) if row else None


def named(connection: Connection, name: str) -> str | None:
    """Return the id of the list with this name."""
    return connection.scalar(select(hotword_lists.c.id).where(hotword_lists.c.name == name))


def add(connection: Connection, **values: Any) -> None:
    connection.execute(insert(hotword_lists).values(**values))


def change(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(hotword_lists).where(hotword_lists.c.id == id).values(**values))


def remove(connection: Connection, id: str) -> None:
    connection.execute(delete(hotword_lists).where(hotword_lists.c.id == id))
