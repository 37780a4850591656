"""The filter of the history, and its query plan: which index is used, and in which order.

A search uses the word index, unless the kind is so rare that its few rows are checked one by one. SQLite's index gives its
matches in the order of the history. PostgreSQL's gives all of them, and in no order: there the newest rows are looked at
first, which is enough for words that are frequent; of others there are few enough to be sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    TextClause,
    func,
    literal,
    literal_column,
    select,
    tuple_,
)

from app.domain.people import current_actor
from app.domain.states import JobState
from app.store.queries import search
from app.store.queries.ownership import is_own, is_seen
from app.store.queries.voices.speaker_names import SLOTS, index_word, says_words, speaker_index
from app.store.tables import UtcDateTime, history_totals, transcriptions

HasWords: TypeAlias = ColumnElement[bool] | TextClause
RARE = 500  # rows of a kind; checking each against the word index takes a hundredth of a second
SELDOM = 50_000  # rows of a kind; finding those of one speaker takes as long as finding frequent words
LOOKED_AT = 2000  # rows, one by one, before the word index is asked for all matches

_rows = transcriptions.c
_rowid = search.search_index.c.rowid
_entry = speaker_index.c.rowid


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which transcriptions to return; empty or None does not filter."""

    query: str = ""
    state: JobState | None = None
    language: str = ""
    """As returned by `detect_language`."""
    source: str = ""
    since: datetime | None = None
    """Earliest creation time."""
    until: datetime | None = None
    """Exclusive end of the creation time."""
    in_trash: bool = False
    speaker: str = ""
    """Name of somebody who speaks; with a query, who says it."""

    @property
    def is_kind(self) -> bool:
        """Return whether it filters by state, language, source or trash."""
        return self.in_trash or bool(self.state or self.language or self.source)

    @property
    def is_countable(self) -> bool:
        """Return whether the totals give the number of matches."""
        return not (self.query.strip() or self.speaker.strip() or self.since or self.until)


@dataclass(frozen=True, slots=True)
class HistoryPosition:
    """Position of a row in the list, from which the next page continues."""

    number: int
    deleted_at: datetime | None = None
    """In the trash."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """The LOOKED_AT nearest rows or entries, and which of them match."""

    places: Select[Any]
    """Of all that may match."""
    key: ColumnElement[Any]
    has_words: Callable[[ColumnElement[Any]], ColumnElement[bool]]
    """The condition that the one at a place matches."""

    def below(self, place: HistoryPosition | None, slots: int) -> Select[Any]:
        query = self.places if place is None else self.places.where(self.key < place.number * slots)
        place_below = query.order_by(self.key.desc()).limit(LOOKED_AT).subquery().c.place
        return self._matching(place_below, slots).order_by(place_below.desc())

    def above(self, place: HistoryPosition, slots: int) -> Select[Any]:
        query = self.places.where(self.key > place.number * slots + slots - 1)
        place_above = query.order_by(self.key).limit(LOOKED_AT).subquery().c.place
        return self._matching(place_above, slots).order_by(place_above)

    def _matching(self, place: ColumnElement[Any], slots: int) -> Select[Any]:
        return select(place // slots if slots > 1 else place).where(self.has_words(place))


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """How to find the matches."""

    numbers: Select[Any]
    """Unordered."""
    order: tuple[ColumnElement[Any], ...]
    """Columns to sort by, descending."""
    slots: int = 1
    """Entries that a number has in the index by which it is ordered."""
    nearby: Nearby | None = None
    """What is looked at first."""
    some: Select[Any] | None = None
    """Selects the same as `numbers`, quicker where only some of them are wanted."""

    def near(self, before: HistoryPosition | None = None, after: HistoryPosition | None = None) -> Select[Any] | None:
        """Select what of the nearest rows matches; None where they are not worth a look of their own."""
        if self.nearby is None:
            return None
        return self.nearby.above(after, self.slots) if after else self.nearby.below(before, self.slots)

    def below(self, place: HistoryPosition | None) -> Select[Any]:
        """Select what follows `place`, or everything, in order."""
        query = self.numbers if place is None else self.numbers.where(self._key < self._value(place))
        return query.order_by(*(column.desc() for column in self.order))

    def above(self, place: HistoryPosition) -> Select[Any]:
        """Select what precedes `place`, nearest first."""
        query = self.numbers.where(self._key > self._value(place, self.slots - 1))
        return query.order_by(*(column.asc() for column in self.order))

    @property
    def _key(self) -> ColumnElement[Any]:
        return tuple_(*self.order) if len(self.order) > 1 else self.order[0]

    def _value(self, place: HistoryPosition, slot: int = 0) -> ColumnElement[Any]:
        if len(self.order) == 1:
            return literal(place.number * self.slots + slot)
        return tuple_(literal(place.deleted_at, UtcDateTime()), literal(place.number))


def plan_query(connection: Connection, wanted: HistoryFilter) -> QueryPlan | None:
    """Return the query plan; None if nothing can match."""
    if wanted.speaker.strip():
        return _of_speaker(connection, wanted)
    if not wanted.query.strip():
        return _without_words(wanted)
    has_words, count = search.has_words(connection, wanted.query), count_of_kind(connection, wanted)
    if has_words is None or not count:
        return None
    if wanted.is_kind and count <= RARE:
        return _of_rare_kind(wanted, has_words)
    plan = _by_words(wanted, has_words)
    return _sorted(plan, _rowid, _near_rows(wanted, has_words)) if _is_sorting(connection) else plan


def count_of_kind(connection: Connection, wanted: HistoryFilter) -> int:
    """Return how many have the requested state, language and source: all of them according to the totals."""
    if not current_actor().sees_everything:
        return connection.scalar(select(func.count()).select_from(transcriptions).where(*_kind(wanted))) or 0
    counts = history_totals.c
    conditions: list[ColumnElement[bool]] = [counts.in_trash.is_(wanted.in_trash)]
    for name, value in (("state", wanted.state), ("language", wanted.language), ("source", wanted.source)):
        if value:
            conditions.append(counts[name] == value)
    return connection.scalar(select(func.coalesce(func.sum(counts.count), 0)).where(*conditions)) or 0


def milliseconds(moment: datetime) -> int:
    """Return the number of a row that was created at `moment`."""
    return int(moment.timestamp() * 1000)


def _without_words(wanted: HistoryFilter) -> QueryPlan:
    """In the trash the latest deletion comes first."""
    order = (_rows.deleted_at, _rows.number) if wanted.in_trash else (_rows.number,)
    return QueryPlan(select(_rows.number).where(*_kind(wanted), *_span(wanted, _rows.number)), order)


def _by_words(wanted: HistoryFilter, has_words: HasWords) -> QueryPlan:
    of_kind = select(_rows.number).where(_rows.number == _rowid, *_kind(wanted)).correlate(search.search_index)
    return QueryPlan(select(_rowid).where(has_words, *_span(wanted, _rowid), of_kind.exists()), (_rowid,))


def _near_rows(wanted: HistoryFilter, has_words: HasWords) -> Nearby:
    places = select(_rows.number.label("place")).where(*_kind(wanted), *_span(wanted, _rows.number))
    return Nearby(places, _rows.number, partial(_one_by_one, search.search_index, has_words, ()))


def _one_by_one(
    index: FromClause, has_words: HasWords, others: Iterable[ColumnElement[bool]], place: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Return a condition that PostgreSQL checks for one place after the other, whatever it thinks of that."""
    found = select(literal(value=True)).select_from(index).where(index.c.rowid == place, has_words, *others)
    return found.correlate_except(index).limit(1).scalar_subquery()


def _is_sorting(connection: Connection) -> bool:
    return connection.dialect.name == search.POSTGRESQL


def _sorted(plan: QueryPlan, key: ColumnElement[Any], nearby: Nearby) -> QueryPlan:
    """Return the plan with an order that no index has: PostgreSQL would walk along one in the hope of early matches."""
    return replace(plan, order=(key + literal_column("0"),), nearby=nearby)


def _of_rare_kind(wanted: HistoryFilter, has_words: HasWords) -> QueryPlan:
    match = select(_rowid).where(has_words, _rowid == _rows.number).correlate(transcriptions)
    query = select(_rows.number).where(*_kind(wanted), *_span(wanted, _rows.number), match.exists())
    return QueryPlan(query, (_rows.number,))


def _of_speaker(connection: Connection, wanted: HistoryFilter) -> QueryPlan | None:
    """Return how to find where somebody of this name speaks, or says something."""
    has_words, count = says_words(connection, wanted.speaker, wanted.query), count_of_kind(connection, wanted)
    if has_words is None or not count:
        return None
    if wanted.is_kind and count <= RARE:
        is_entry = _entry.between(_rows.number * SLOTS, _rows.number * SLOTS + SLOTS - 1)
        said = select(_entry).where(has_words, is_entry).correlate(transcriptions)
        query = select(_rows.number).where(*_kind(wanted), *_span(wanted, _rows.number), said.exists())
        return QueryPlan(query, (_rows.number,))
    of_kind = select(_rows.number).where(_rows.number == _entry // SLOTS, *_kind(wanted)).correlate(speaker_index)
    query = select(_entry // SLOTS).where(has_words, *_span(wanted, _entry, SLOTS), of_kind.exists())
    plan = QueryPlan(query, (_entry,), SLOTS)
    if not wanted.query.strip() or not _is_sorting(connection):
        return plan
    if wanted.is_kind and count <= SELDOM:
        plan = replace(plan, some=_seldom_of_kind(wanted, has_words, of_kind.exists()))
    return _sorted(plan, _entry, _near_entries(wanted, has_words, of_kind.exists()))


def _near_entries(wanted: HistoryFilter, has_words: HasWords, is_kind: ColumnElement[bool]) -> Nearby:
    return Nearby(_entries(wanted), _entry, partial(_one_by_one, speaker_index, has_words, (is_kind,)))


def _entries(wanted: HistoryFilter) -> Select[Any]:
    """Select the places of what somebody says."""
    is_theirs = speaker_index.c.speaker == index_word(wanted.speaker)
    return select(_entry.label("place")).where(is_theirs, *_span(wanted, _entry, SLOTS))


def _seldom_of_kind(wanted: HistoryFilter, has_words: HasWords, is_kind: ColumnElement[bool]) -> Select[Any]:
    """Select the numbers of entries that are few because of their kind, whatever is said in them."""
    place = _entries(wanted).where(is_kind).offset(0).subquery().c.place  # OFFSET 0: the planner leaves it as it is
    return select(place // SLOTS).where(_one_by_one(speaker_index, has_words, (), place))


def _kind(wanted: HistoryFilter) -> Iterable[ColumnElement[bool]]:
    yield _rows.deleted_at.is_not(None) if wanted.in_trash else _rows.deleted_at.is_(None)
    yield _rows.delete_requested.is_(False)
    yield is_own() if wanted.in_trash else is_seen()
    if wanted.state is not None:
        yield _rows.state == wanted.state
    if wanted.language:
        yield _rows.language == wanted.language
    if wanted.source:
        yield _rows.source == wanted.source


def _span(wanted: HistoryFilter, number: ColumnElement[Any], slots: int = 1) -> Iterable[ColumnElement[bool]]:
    if wanted.since is not None:
        yield number >= milliseconds(wanted.since) * slots
    if wanted.until is not None:
        yield number < milliseconds(wanted.until) * slots
