"""Queries on comparisons. Each takes the connection of an open transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from app.store.database import Row
from app.store.queries.ownership import is_own, new_owner
from app.store.tables import comparisons


def newest(connection: Connection, limit: int) -> list[Row]:
    """Return the latest comparisons, newest first."""
    query = select(comparisons).where(is_own(comparisons)).order_by(comparisons.c.created_at.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def find(connection: Connection, id: str) -> Row | None:
    row = connection.execute(select(comparisons).where(comparisons.c.id == id, is_own(comparisons))).mappings().first()
    return dict(row) if row else None


def add(connection: Connection, **values: Any) -> None:
    connection.execute(insert(comparisons).values(owner=new_owner(), **values))


def change(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(comparisons).where(comparisons.c.id == id).values(**values))


def remove(connection: Connection, id: str) -> None:
    connection.execute(delete(comparisons).where(comparisons.c.id == id))
