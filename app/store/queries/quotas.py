"""Queries on how much somebody has submitted. Each takes the connection of an open transaction.

What was submitted counts for a day, also if it is removed meanwhile: its seconds are kept apart from it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from app.domain.sources import Source
from app.domain.states import JobState
from app.store.database import Row
from app.store.tables import removed_sound, transcriptions

DAY = timedelta(hours=24)
QUEUE_BY_THEMSELVES = (Source.BATCH, Source.FOLDER)
"""Of what comes in by the hundred, any number may wait."""

_rows = transcriptions.c
_removed = removed_sound.c


def seconds_since(connection: Connection, moment: datetime, owner: str, key: str | None = None) -> float:
    """Return the seconds of sound that a person, or one of their keys, has submitted since."""
    there = select(func.coalesce(func.sum(_rows.duration), 0.0)).where(*_of(moment, owner, key))
    gone = select(func.coalesce(func.sum(_removed.seconds), 0.0)).where(*_removed_of(moment, owner, key))
    return float(connection.scalar(there) or 0.0) + float(connection.scalar(gone) or 0.0)


def sound_since(connection: Connection, moment: datetime, owner: str, key: str | None = None) -> list[Row]:
    """Return when each recording since `moment` came in, and its seconds, oldest first."""
    there = select(_rows.created_at, _rows.duration.label("seconds")).where(
        *_of(moment, owner, key), _rows.duration.is_not(None)
    )
    gone = select(_removed.created_at, _removed.seconds).where(*_removed_of(moment, owner, key))
    found = [dict(row) for query in (there, gone) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda row: row["created_at"])


def busy_jobs(connection: Connection, owner: str, key: str | None = None) -> int:
    """Return how many recordings of a person, or one of their keys, wait or run; those of batches do not count."""
    query = select(func.count()).where(
        _rows.owner == owner,
        *((_rows.api_key == key,) if key else ()),
        _rows.state.in_((JobState.QUEUED, JobState.RUNNING)),
        _rows.source.not_in(QUEUE_BY_THEMSELVES),
        _rows.deleted_at.is_(None),
        _rows.delete_requested.is_(False),
    )
    return connection.scalar(query) or 0


def keep_sound_of_removed(connection: Connection, row: Row) -> None:
    """Remember for a day what a transcription that is removed was of; older ones are forgotten."""
    day_ago = datetime.now(UTC) - DAY
    connection.execute(delete(removed_sound).where(_removed.created_at < day_ago))
    if row["owner"] is not None and row["duration"] and row["created_at"] >= day_ago:
        connection.execute(
            insert(removed_sound).values(
                owner=row["owner"], api_key=row["api_key"], created_at=row["created_at"], seconds=row["duration"]
            )
        )


def _of(moment: datetime, owner: str, key: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions of a time and a person; numbers are milliseconds, and indexed for each owner."""
    conditions = [_rows.owner == owner, _rows.number >= int(moment.timestamp() * 1000)]
    return [*conditions, _rows.api_key == key] if key else conditions


def _removed_of(moment: datetime, owner: str, key: str | None) -> list[ColumnElement[bool]]:
    conditions = [_removed.owner == owner, _removed.created_at >= moment]
    return [*conditions, _removed.api_key == key] if key else conditions
