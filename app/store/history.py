"""The queries on the history: one page of what fits, how many fit, the totals, and the trash.

A page goes on from the `number` of the last row that was read, so the thousandth page costs as much as the first.
The rows that fit are found in indexes alone; only those of one page are read whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, text

from app.store import search
from app.store.database import Row
from app.store.tables import JobState, history_totals, segments, transcriptions
from app.store.transcriptions import all_of, with_position

PREVIEW_CHARACTERS = 1000
COUNTED_TO = (
    1000  # what was searched for is counted up to here: nobody reads further, and counting takes time
)
EXCERPTS = 3  # places that are shown of one transcription


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which transcriptions are asked for; what is empty or None asks for nothing."""

    query: str = ""
    state: JobState | None = None
    language: str = ""
    """As `detect_language` says."""
    source: str = ""
    since: datetime | None = None
    """The earliest moment of creation."""
    until: datetime | None = None
    """The first moment that is too late."""
    in_trash: bool = False

    @property
    def is_countable(self) -> bool:
        """Whether the totals tell how many fit."""
        return not (self.query.strip() or self.since or self.until)


def newest(
    connection: Connection, wanted: Wanted, limit: int, before: int | None = None, offset: int = 0
) -> list[Row]:
    """Return the newest rows that fit and whose number is smaller than `before`, with the beginnings of their texts."""
    query = _fitting(wanted)
    if query is None:
        return []
    if before is not None:
        query = query.where(_number(wanted) < before)
    numbers = connection.scalars(query.order_by(_number(wanted).desc()).limit(limit).offset(offset)).all()
    rows = with_position(PREVIEW_CHARACTERS).where(transcriptions.c.number.in_(numbers))
    return all_of(connection.execute(rows.order_by(transcriptions.c.number.desc())))


def count(connection: Connection, wanted: Wanted) -> int:
    """Return how many fit; where words or days are asked for, at most one more than COUNTED_TO."""
    if wanted.is_countable:
        return _counted(connection, wanted)
    query = _fitting(wanted)
    if query is None:
        return 0
    some = query.limit(COUNTED_TO + 1).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def ids(
    connection: Connection, wanted: Wanted, limit: int, before: int | None = None
) -> list[tuple[str, int]]:
    """Return ids and numbers of those that fit, newest first."""
    query = _fitting(wanted)
    if query is None:
        return []
    if before is not None:
        query = query.where(_number(wanted) < before)
    numbers = connection.scalars(query.order_by(_number(wanted).desc()).limit(limit)).all()
    columns = select(transcriptions.c.id, transcriptions.c.number)
    rows = connection.execute(
        columns.where(transcriptions.c.number.in_(numbers)).order_by(transcriptions.c.number.desc())
    )
    return [(row.id, row.number) for row in rows]


def totals(connection: Connection) -> list[Row]:
    """Return how many transcriptions, seconds and bytes there are of each state, language and source."""
    return all_of(connection.execute(select(history_totals).where(history_totals.c.count > 0)))


def places(connection: Connection, id: str, term: str) -> list[Row]:
    """Return the first segments of a transcription whose text holds `term`."""
    columns = (segments.c.index, segments.c.start, segments.c.text)
    query = select(*columns).where(
        segments.c.transcription_id == id, segments.c.text.icontains(term, autoescape=True)
    )
    return all_of(connection.execute(query.order_by(segments.c.index).limit(EXCERPTS)))


def _fitting(wanted: Wanted) -> Select[Any] | None:
    """Select the numbers of those that fit; None where nothing can."""
    number = transcriptions.c.number
    if not wanted.query.strip():
        return select(number).where(*_kind(wanted), *_span(wanted, number))
    expression = search.match(wanted.query)
    if expression is None:
        return None
    words = search.search_index
    of_a_kind = select(number).where(number == words.c.rowid, *_kind(wanted)).correlate(words)
    has_words = text("search_index MATCH :expression").bindparams(expression=expression)
    return select(words.c.rowid).where(has_words, *_span(wanted, words.c.rowid), of_a_kind.exists())


def _number(wanted: Wanted) -> ColumnElement[Any]:
    """The column by which what fits is in order: each index knows its own quickly."""
    return search.search_index.c.rowid if wanted.query.strip() else transcriptions.c.number


def _kind(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    rows = transcriptions.c
    yield rows.deleted_at.is_not(None) if wanted.in_trash else rows.deleted_at.is_(None)
    yield rows.delete_requested.is_(False)
    if wanted.state is not None:
        yield rows.state == wanted.state
    if wanted.language:
        yield rows.language == wanted.language
    if wanted.source:
        yield rows.source == wanted.source


def _span(wanted: Wanted, number: ColumnElement[Any]) -> Iterable[ColumnElement[bool]]:
    if wanted.since is not None:
        yield number >= int(wanted.since.timestamp() * 1000)
    if wanted.until is not None:
        yield number < int(wanted.until.timestamp() * 1000)


def _counted(connection: Connection, wanted: Wanted) -> int:
    counts = history_totals.c
    conditions: list[ColumnElement[bool]] = [counts.in_trash.is_(wanted.in_trash)]
    for name, value in (("state", wanted.state), ("language", wanted.language), ("source", wanted.source)):
        if value:
            conditions.append(counts[name] == value)
    return connection.scalar(select(func.coalesce(func.sum(counts.count), 0)).where(*conditions)) or 0
