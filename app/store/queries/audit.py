"""Queries on the audit trail. Each takes the connection of an open transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from app.store.database import Row
from app.store.tables import audit


def add(connection: Connection, **values: Any) -> None:
    connection.execute(insert(audit).values(**values))


def newest(connection: Connection, limit: int, before: int | None = None, person: str | None = None) -> list[Row]:
    """Return the newest entries below the number `before`, of everybody or of one person."""
    query = select(audit).order_by(audit.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.number < before)
    if person:
        query = query.where(audit.c.person_id == person)
    return [dict(row) for row in connection.execute(query).mappings()]


def forget(connection: Connection, before: datetime) -> None:
    connection.execute(delete(audit).where(audit.c.at < before))
