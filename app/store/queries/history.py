"""Queries on the history: pages of matches, counts, totals, and the trash.

Keyset pagination: the thousandth page costs as much as the first. Matches are found by indexes alone
(history_filter.py); full rows are read for one page only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    func,
    select,
)

from app.domain.people import current_actor
from app.domain.states import JobState
from app.store.database import Row
from app.store.queries.history_filter import (
    HistoryFilter,
    HistoryPosition,
    QueryPlan,
    count_of_kind,
    milliseconds,
    plan_query,
)
from app.store.queries.ownership import is_own
from app.store.queries.transcriptions import all_of, with_position
from app.store.tables import history_totals, transcriptions

PREVIEW_CHARACTERS = 1000
COUNTED_TO = 1000  # for a search: nobody reads further, and counting takes time
SORTED = 20_000  # matches; more are sorted by the server, which looks for them once more
HALF_HOUR_MS = 30 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Found:
    """A page of matches."""

    rows: list[Row]
    total: int | None = None
    """As `count` returns it, if it became known."""


def page(
    connection: Connection,
    wanted: HistoryFilter,
    limit: int,
    *,
    before: HistoryPosition | None = None,
    after: HistoryPosition | None = None,
    offset: int = 0,
) -> Found:
    """Return the matching rows, in order, with the beginnings of their texts, and their number if it became known.

    They are the first below the position `before`, or the last above the position `after`.
    """
    plan = plan_query(connection, wanted)
    if plan is None:
        return Found([], 0)
    found, total = _page(connection, plan, limit, before, after, offset)
    numbers = found[::-1] if after else found
    selected = with_position(PREVIEW_CHARACTERS).where(transcriptions.c.number.in_(numbers))
    rows = {row["number"]: row for row in all_of(connection.execute(selected))}
    return Found([rows[number] for number in numbers], total)


def _page(
    connection: Connection,
    plan: QueryPlan,
    limit: int,
    before: HistoryPosition | None = None,
    after: HistoryPosition | None = None,
    offset: int = 0,
) -> tuple[list[int], int | None]:
    """Return the numbers that follow `before`, or precede `after`, nearest first; and how many match, if that is known."""
    end = offset + limit
    near = plan.near(before, after)
    if near is not None:
        found = list(connection.scalars(near.limit(end)))
        if len(found) == end:
            return found[offset:], None
        some = _some(connection, plan, SORTED)
        if len(some) <= SORTED:
            return _cut(some, before, after)[offset:end], min(len(some), COUNTED_TO + 1)
    query = plan.above(after) if after else plan.below(before)
    return list(connection.scalars(query.limit(limit).offset(offset))), None


def _cut(numbers: Iterable[int], before: HistoryPosition | None, after: HistoryPosition | None) -> list[int]:
    """Return the numbers that follow `before`, or precede `after`, nearest first."""
    if after:
        return sorted(number for number in numbers if number > after.number)
    return sorted((number for number in numbers if before is None or number < before.number), reverse=True)


def count(connection: Connection, wanted: HistoryFilter) -> int:
    """Return the number of matches; for a search or date filter, at most one more than COUNTED_TO."""
    if wanted.is_countable:
        return count_of_kind(connection, wanted)
    plan = plan_query(connection, wanted)
    return 0 if plan is None else len(_some(connection, plan, COUNTED_TO))


def _some(connection: Connection, plan: QueryPlan, most: int) -> Sequence[int]:
    """Return numbers of matches in no order: all, or one more than `most`."""
    query = plan.numbers if plan.some is None else plan.some
    return connection.scalars(query.limit(most + 1)).all()


def ids(
    connection: Connection, wanted: HistoryFilter, limit: int, before: HistoryPosition | None = None
) -> list[tuple[str, HistoryPosition]]:
    """Return ids and positions of the matches, in order."""
    plan = plan_query(connection, wanted)
    if plan is None:
        return []
    numbers, _ = _page(connection, plan, limit, before)
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
