"""Queries on the history: pages of matches, counts, totals, and the trash.

Keyset pagination: the thousandth page costs as much as the first. Matches are found by indexes alone
(history_filter.py); full rows are read for one page only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Text,
    bindparam,
    exists,
    func,
    select,
    union_all,
)

from app.domain.people import current_actor
from app.domain.states import JobState
from app.store.database import Row
from app.store.functions import instr
from app.store.queries.history_filter import (
    HistoryFilter,
    HistoryPosition,
    count_of_kind,
    milliseconds,
    plan_query,
)
from app.store.queries.ownership import is_own
from app.store.queries.transcriptions import all_of, with_position
from app.store.tables import edits, history_totals, segments, transcriptions

PREVIEW_CHARACTERS = 1000
COUNTED_TO = 1000  # for a search: nobody reads further, and counting takes time
EXCERPTS = 3  # excerpts shown per transcription
HALF_HOUR_MS = 30 * 60 * 1000


def newest(
    connection: Connection,
    wanted: HistoryFilter,
    limit: int,
    *,
    before: HistoryPosition | None = None,
    after: HistoryPosition | None = None,
    offset: int = 0,
) -> list[Row]:
    """Return the matching rows, in order, with the beginnings of their texts.

    They are the first below the position `before`, or the last above the position `after`.
    """
    plan = plan_query(connection, wanted)
    if plan is None:
        return []
    query = plan.above(after) if after else plan.below(before)
    found = connection.scalars(query.limit(limit).offset(offset)).all()
    numbers = found[::-1] if after else found
    selected = with_position(PREVIEW_CHARACTERS).where(transcriptions.c.number.in_(numbers))
    rows = {row["number"]: row for row in all_of(connection.execute(selected))}
    return [rows[number] for number in numbers]


def count(connection: Connection, wanted: HistoryFilter) -> int:
    """Return the number of matches; for a search or date filter, at most one more than COUNTED_TO."""
    if wanted.is_countable:
        return count_of_kind(connection, wanted)
    plan = plan_query(connection, wanted)
    if plan is None:
        return 0
    some = plan.numbers.limit(COUNTED_TO + 1).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def ids(
    connection: Connection, wanted: HistoryFilter, limit: int, before: HistoryPosition | None = None
) -> list[tuple[str, HistoryPosition]]:
    """Return ids and positions of the matches, in order."""
    plan = plan_query(connection, wanted)
    if plan is None:
        return []
    numbers = connection.scalars(plan.below(before).limit(limit)).all()
    rows = transcriptions.c
    columns = select(rows.id, rows.number, rows.deleted_at).where(rows.number.in_(numbers))
    found = {row.number: row for row in connection.execute(columns)}
    return [(found[number].id, HistoryPosition(number, found[number].deleted_at)) for number in numbers]


def ended_before(connection: Connection, moment: datetime, limit: int) -> list[str]:
    """Return some of the ids whose jobs ended before `moment`, oldest first."""
    query = select(transcriptions.c.id).where(*_ended_before(moment)).order_by(transcriptions.c.number)
    return list(connection.scalars(query.limit(limit)))


def count_ended_before(connection: Connection, moment: datetime) -> int:
    return connection.scalar(select(func.count()).where(*_ended_before(moment))) or 0


def _ended_before(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    rows = transcriptions.c
    is_old = rows.number < milliseconds(moment), rows.finished_at < moment
    has_ended = rows.state.in_((JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED))
    return (*is_old, has_ended, rows.deleted_at.is_(None), rows.delete_requested.is_(False))


def created_since(connection: Connection, moment: datetime) -> list[tuple[datetime, int]]:
    """Return how many were created in each half hour since `moment`, so that days of most time zones can be summed."""
    rows = transcriptions.c
    slot = rows.number // HALF_HOUR_MS
    is_shown = rows.deleted_at.is_(None), rows.delete_requested.is_(False), is_own()
    query = select(slot, func.count()).where(rows.number >= milliseconds(moment), *is_shown).group_by(slot)
    return [
        (datetime.fromtimestamp(begin * HALF_HOUR_MS / 1000, UTC), counted)
        for begin, counted in connection.execute(query)
    ]


def totals(connection: Connection) -> list[Row]:
    """Return the number of transcriptions, seconds and bytes by state, language and source."""
    if not current_actor().sees_everything:
        return all_of(connection.execute(_own_totals()))
    return all_of(connection.execute(select(history_totals).where(history_totals.c.count > 0)))


def _own_totals() -> Select[Any]:
    """Select what the triggers keep in `history_totals`, of the current actor's rows alone."""
    rows = transcriptions.c
    kind = (rows.state, func.coalesce(rows.language, "").label("language"), rows.source)
    in_trash = rows.deleted_at.is_not(None).label("in_trash")
    sums = (func.coalesce(func.sum(rows.duration), 0.0).label("seconds"), func.sum(rows.size_bytes).label("size_bytes"))
    query = select(*kind, in_trash, func.count().label("count"), *sums)
    return query.where(rows.delete_requested.is_(False), is_own()).group_by(*kind, in_trash)


def places(connection: Connection, id: str, term: str) -> list[Row]:
    """Return the first passages of a transcription that contain `term`: segments, and their edits."""
    found = all_of(connection.execute(_PLACES[connection.dialect.name], {"id": id, "term": term}))
    return sorted(found, key=lambda row: float(row["start"]))[:EXCERPTS]


def _places(start: ColumnElement[Any], written: ColumnElement[Any]) -> CompoundSelect[Any]:
    """Build the query of `places` from the values of an edit's piece; each half stops when it has found enough."""
    id, term = bindparam("id", type_=Text), func.lower(bindparam("term", type_=Text))
    is_edited = exists().where(edits.c.transcription_id == id, segments.c.index.between(edits.c.first, edits.c.last))
    recognised = (
        select(segments.c.index, segments.c.start, segments.c.text)
        .where(segments.c.transcription_id == id, instr(func.lower(segments.c.text), term) > 0, ~is_edited)
        .order_by(segments.c.index)
        .limit(EXCERPTS)
    )
    by_hand = (
        select(edits.c.first, start, written)
        .where(edits.c.transcription_id == id, instr(func.lower(written), term) > 0)
        .order_by(edits.c.first)
        .limit(EXCERPTS)
    )
    return union_all(*(select(half.subquery()) for half in (recognised, by_hand)))


def _piece_in_sqlite() -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    piece = func.json_each(edits.c.pieces).table_valued("value", joins_implicitly=True)
    return func.json_extract(piece.c.value, "$.start"), func.json_extract(piece.c.value, "$.text")


def _piece_in_postgresql() -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    piece = func.json_array_elements(edits.c.pieces, type_=JSON).column_valued("piece", joins_implicitly=True)
    return piece["start"].as_float(), piece["text"].as_string()


_PLACES = {"sqlite": _places(*_piece_in_sqlite()), "postgresql": _places(*_piece_in_postgresql())}
"""Built once: a page of search results runs it dozens of times, and building costs more than running."""
