"""The queries on the history: one page of what fits, how many fit, the totals, and the trash.

A page goes on from the place of the last row that was read, so the thousandth page costs as much as the first.
The rows that fit are found in indexes alone; only those of one page are read whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Text,
    bindparam,
    exists,
    func,
    literal,
    select,
    text,
    tuple_,
    union_all,
)

from app.store import search
from app.store.database import Row
from app.store.tables import JobState, UtcDateTime, edits, history_totals, segments, transcriptions
from app.store.transcriptions import all_of, with_position

PREVIEW_CHARACTERS = 1000
COUNTED_TO = 1000  # of a search: nobody reads further, and counting takes time
EXCERPTS = 3  # places that are shown of one transcription
HALF_HOUR_MS = 30 * 60 * 1000


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
    def is_anything(self) -> bool:
        """Whether something is asked for, beside the trash or not."""
        return not self.is_countable or bool(self.state or self.language or self.source)

    @property
    def is_countable(self) -> bool:
        """Whether the totals tell how many fit."""
        return not (self.query.strip() or self.since or self.until)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in the list; a page goes on from there."""

    number: int
    deleted_at: datetime | None = None
    """In the trash."""


def newest(
    connection: Connection,
    wanted: Wanted,
    limit: int,
    *,
    before: Place | None = None,
    after: Place | None = None,
    offset: int = 0,
) -> list[Row]:
    """Return the rows that fit, in order, with the beginnings of their texts.

    They are the first below the place `before`, or the last above the place `after`.
    """
    query = _fitting(wanted)
    if query is None:
        return []
    if before:
        query = query.where(_key(wanted) < _value(wanted, before))
    if after:
        query = query.where(_key(wanted) > _value(wanted, after))
    order = [column.asc() if after else column.desc() for column in _order(wanted)]
    found = connection.scalars(query.order_by(*order).limit(limit).offset(offset)).all()
    numbers = found[::-1] if after else found
    selected = with_position(PREVIEW_CHARACTERS).where(transcriptions.c.number.in_(numbers))
    rows = {row["number"]: row for row in all_of(connection.execute(selected))}
    return [rows[number] for number in numbers]


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


def ended_before(connection: Connection, moment: datetime, limit: int) -> list[str]:
    """Return some of the ids whose jobs have ended before `moment`, the oldest first."""
    rows = transcriptions.c
    is_old = rows.number < _milliseconds(moment), rows.finished_at < moment
    has_ended = rows.state.in_((JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED))
    is_shown = rows.deleted_at.is_(None), rows.delete_requested.is_(False)
    query = select(rows.id).where(*is_old, has_ended, *is_shown).order_by(rows.number)
    return list(connection.scalars(query.limit(limit)))


def created_since(connection: Connection, moment: datetime) -> list[tuple[datetime, int]]:
    """Return how many were created in each half hour since `moment`; zones differ by no less."""
    rows = transcriptions.c
    slot = rows.number // HALF_HOUR_MS
    is_shown = rows.deleted_at.is_(None), rows.delete_requested.is_(False)
    query = select(slot, func.count()).where(rows.number >= _milliseconds(moment), *is_shown).group_by(slot)
    return [
        (datetime.fromtimestamp(begin * HALF_HOUR_MS / 1000, UTC), counted)
        for begin, counted in connection.execute(query)
    ]


def totals(connection: Connection) -> list[Row]:
    """Return how many transcriptions, seconds and bytes there are of each state, language and source."""
    return all_of(connection.execute(select(history_totals).where(history_totals.c.count > 0)))


def places(connection: Connection, id: str, term: str) -> list[Row]:
    """Return the first places of a transcription whose text holds `term`: segments, and what was put in their place."""
    found = all_of(connection.execute(_PLACES, {"id": id, "term": term}))
    return sorted(found, key=lambda row: float(row["start"]))[:EXCERPTS]


def _places() -> CompoundSelect[Any]:
    """Return the query of `places`; each half stops when it has found enough."""
    id, term = bindparam("id", type_=Text), func.lower(bindparam("term", type_=Text))
    is_edited = exists().where(
        edits.c.transcription_id == id, segments.c.index.between(edits.c.first, edits.c.last)
    )
    recognised = (
        select(segments.c.index, segments.c.start, segments.c.text)
        .where(
            segments.c.transcription_id == id, func.instr(func.lower(segments.c.text), term) > 0, ~is_edited
        )
        .order_by(segments.c.index)
        .limit(EXCERPTS)
    )
    piece = func.json_each(edits.c.pieces).table_valued("value", joins_implicitly=True)
    start, written = (func.json_extract(piece.c.value, f"$.{name}") for name in ("start", "text"))
    by_hand = (
        select(edits.c.first, start, written)
        .where(edits.c.transcription_id == id, func.instr(func.lower(written), term) > 0)
        .order_by(edits.c.first)
        .limit(EXCERPTS)
    )
    return union_all(*(select(half.subquery()) for half in (recognised, by_hand)))


_PLACES = _places()
"""Built once: a page of a search asks it dozens of times, and building costs more than asking."""


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


def _is_by_deletion(wanted: Wanted) -> bool:
    """Tell whether the latest deletion comes first: in the trash, unless words are searched for."""
    return wanted.in_trash and not wanted.query.strip()


def _order(wanted: Wanted) -> tuple[ColumnElement[Any], ...]:
    rows = transcriptions.c
    return (rows.deleted_at, rows.number) if _is_by_deletion(wanted) else (_number(wanted),)


def _key(wanted: Wanted) -> ColumnElement[Any]:
    """What stands at a place, as one value."""
    return tuple_(*_order(wanted)) if _is_by_deletion(wanted) else _number(wanted)


def _value(wanted: Wanted, place: Place) -> ColumnElement[Any]:
    if not _is_by_deletion(wanted):
        return literal(place.number)
    return tuple_(literal(place.deleted_at, UtcDateTime()), literal(place.number))


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
        yield number >= _milliseconds(wanted.since)
    if wanted.until is not None:
        yield number < _milliseconds(wanted.until)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _counted(connection: Connection, wanted: Wanted) -> int:
    counts = history_totals.c
    conditions: list[ColumnElement[bool]] = [counts.in_trash.is_(wanted.in_trash)]
    for name, value in (("state", wanted.state), ("language", wanted.language), ("source", wanted.source)):
        if value:
            conditions.append(counts[name] == value)
    return connection.scalar(select(func.coalesce(func.sum(counts.count), 0)).where(*conditions)) or 0
