"""Queries on the segments of one transcription. Each takes the connection of an open transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from app.domain.states import SegmentState
from app.store.database import Row
from app.store.tables import segments


def add(connection: Connection, transcription_id: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store the plan: all segments with their times, none of them done."""
    values = [{**row, "transcription_id": transcription_id} for row in rows]
    if values:
        connection.execute(insert(segments), values)


def of(connection: Connection, transcription_id: str, *, with_words: bool = False) -> list[Row]:
    """Return the segments in time order; with their words, which are most of the data, only on request."""
    columns = [column for column in segments.c if with_words or column is not segments.c.words]
    query = select(*columns).where(segments.c.transcription_id == transcription_id)
    return [dict(row) for row in connection.execute(query.order_by(segments.c.index)).mappings()]


def one(connection: Connection, transcription_id: str, index: int) -> Row:
    """Return one segment with its words."""
    query = select(segments).where(segments.c.transcription_id == transcription_id, segments.c.index == index)
    return dict(connection.execute(query).mappings().one())


def between(connection: Connection, transcription_id: str, first: int, last: int) -> list[Row]:
    """Return the segments from `first` to `last` with their words."""
    query = select(segments).where(
        segments.c.transcription_id == transcription_id, segments.c.index.between(first, last)
    )
    return [dict(row) for row in connection.execute(query.order_by(segments.c.index)).mappings()]


def finish(connection: Connection, transcription_id: str, index: int, **values: Any) -> bool:
    """Store the result of a pending segment; return whether it was still pending."""
    query = update(segments).where(
        segments.c.transcription_id == transcription_id,
        segments.c.index == index,
        segments.c.state == SegmentState.PENDING,
    )
    return connection.execute(query.values(**values)).rowcount == 1


def cover_rest(connection: Connection, transcription_id: str, duration: float) -> None:
    """Extend the last segment's coverage to the end, so that the segments cover the whole recording."""
    mine = segments.c.transcription_id == transcription_id
    last = connection.execute(
        select(segments.c.index, segments.c.end).where(mine).order_by(segments.c.index.desc()).limit(1)
    ).one_or_none()
    if last is not None:
        rest = segments.c.covers_seconds + max(0.0, duration - last.end)
        query = update(segments).where(mine, segments.c.index == last.index)
        connection.execute(query.values(covers_seconds=rest))


def reopen_failed(connection: Connection, transcription_id: str) -> None:
    """Make failed segments pending again; finished ones are kept."""
    query = update(segments).where(
        segments.c.transcription_id == transcription_id, segments.c.state == SegmentState.FAILED
    )
    connection.execute(query.values(state=SegmentState.PENDING, error=None, seconds_worked=0.0))
