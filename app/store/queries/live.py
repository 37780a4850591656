"""Queries on live sessions. Each takes the connection of an open transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, insert, select, update

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


def store_progress(
    connection: Connection, id: str, *, next_chunk: int, samples: int, now: datetime, fence: int | None = None
) -> bool:
    """Record how much audio is on disk; return whether the session is still this writer's."""
    query = _held(id, fence).values(next_chunk=next_chunk, samples=samples, touched_at=now)
    return connection.execute(query).rowcount == 1


def touch(connection: Connection, id: str, now: datetime, fence: int | None) -> None:
    """Record that the server of a session is alive."""
    connection.execute(_held(id, fence).values(touched_at=now))


def take_over(connection: Connection, id: str, now: datetime) -> int | None:
    """Let another server have an open session; return its fence. The former one can store nothing any more."""
    query = update(live_sessions).where(live_sessions.c.id == id, live_sessions.c.state == LiveState.OPEN)
    taken = query.values(fence=live_sessions.c.fence + 1, touched_at=now).returning(live_sessions.c.fence)
    fence: int | None = connection.scalar(taken)
    return fence


def fence_of(connection: Connection, id: str) -> int | None:
    """Return the fence of a session, which stays as it is until the end of the transaction."""
    return connection.scalar(select(live_sessions.c.fence).where(live_sessions.c.id == id).with_for_update())


def _held(id: str, fence: int | None) -> Update:
    query = update(live_sessions).where(live_sessions.c.id == id)
    return query if fence is None else query.where(live_sessions.c.fence == fence)


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
