"""Queries on live sessions. Each takes the connection of an open transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from app.domain.states import LiveState
from app.store.database import Row
from app.store.tables import live_sessions, transcriptions


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(live_sessions).values(values))


def find(connection: Connection, id: str) -> Row | None:
    row = connection.execute(select(live_sessions).where(live_sessions.c.id == id)).mappings().one_or_none()
    return None if row is None else dict(row)


def of(connection: Connection, transcription: str) -> Row | None:
    """Return the session of a transcription."""
    query = select(live_sessions).where(live_sessions.c.transcription_id == transcription)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def store_progress(connection: Connection, id: str, *, next_chunk: int, samples: int, now: datetime) -> None:
    """Record how much audio is on disk."""
    query = update(live_sessions).where(live_sessions.c.id == id)
    connection.execute(query.values(next_chunk=next_chunk, samples=samples, touched_at=now))


def end(connection: Connection, id: str, state: LiveState) -> None:
    connection.execute(update(live_sessions).where(live_sessions.c.id == id).values(state=state))


def open_ones(connection: Connection) -> list[Row]:
    """Return the open sessions with their transcriptions' name, options and desired state, oldest first."""
    rows = transcriptions.c
    query = (
        select(
            live_sessions,
            rows.name,
            rows.options,
            rows.segments_done,
            rows.cancel_requested,
            rows.deleted_at,
            rows.delete_requested,
            rows.owner,
        )
        .join(transcriptions, rows.id == live_sessions.c.transcription_id)
        .where(live_sessions.c.state == LiveState.OPEN)
        .order_by(live_sessions.c.created_at)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
