"""Search in the history: pages of matching transcriptions with excerpts, and totals over everything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from app.domain.states import JobState
from app.domain.transcription import Transcription
from app.services.transcriptions.job_queue import Queue
from app.store.database import Connection, Row
from app.store.queries import batches, diarizations, history, search
from app.store.queries.history import COUNTED_TO
from app.store.queries.history_filter import HistoryFilter, HistoryPosition
from app.store.queries.voices import speaker_names
from app.store.queries.voices.spoken_places import spoken_places
from app.store.rows import transcription_from

__all__ = [
    "COUNTED_TO",
    "Day",
    "Excerpt",
    "History",
    "HistoryFilter",
    "HistoryPage",
    "HistoryPosition",
    "Piece",
    "Result",
    "Totals",
]

LEAD_CHARACTERS = 16  # shown before the first match
EXCERPT_CHARACTERS = 90


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an excerpt, and whether it matches the query."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage that matches the query."""

    pieces: tuple[Piece, ...]
    segment: int | None = None
    """Its index; None if no single segment contains it."""
    start: float | None = None
    """Seconds from the start of the recording."""


@dataclass(frozen=True, slots=True)
class Result:
    """One matching transcription, with its text truncated."""

    transcription: Transcription
    deleted_at: datetime | None
    name: tuple[Piece, ...]
    excerpts: tuple[Excerpt, ...]
    batch: tuple[str, str] | None
    """Id and name of its batch."""
    speakers: tuple[tuple[Piece, ...], ...] = ()
    """Their names, of those that have one."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of results."""

    results: list[Result]
    total: int
    """Number of matches; at most COUNTED_TO if `is_more`."""
    is_more: bool
    older: HistoryPosition | None
    """Where the next page begins; None on the last."""
    newer: HistoryPosition | None
    """Where the previous page ends; None on the first."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals over everything stored; the trash is included only where stated."""

    count: int
    seconds: float
    size_bytes: int
    by_state: dict[str, int]
    by_language: dict[str, int]
    by_source: dict[str, int]
    trash_count: int
    trash_bytes: int


@dataclass(frozen=True, slots=True)
class Day:
    """What was submitted on one day in the user's time zone."""

    date: date
    count: int


class History:
    """The searchable history of `queue`."""

    def __init__(self, queue: Queue) -> None:
        self._database = queue.database

    def page(
        self,
        wanted: HistoryFilter,
        limit: int,
        *,
        before: HistoryPosition | None = None,
        after: HistoryPosition | None = None,
        offset: int = 0,
    ) -> HistoryPage:
        """Return a page of matches: the first below `before`, the last above `after`, or the very first."""
        with self._database.reading() as connection:
            rows = history.newest(connection, wanted, limit + 1, before=before, after=after, offset=offset)
            goes_on = len(rows) > limit
            shown = (rows[-limit:] if after else rows[:limit]) if goes_on else rows
            is_all = not (goes_on or before or after or offset)
            total = len(rows) if is_all else history.count(connection, wanted)
            of_batch = batches.of_transcriptions(connection, [row["id"] for row in shown])
            named = speaker_names.of_transcriptions(connection, [row["id"] for row in shown])
            results = [_result(connection, row, wanted, of_batch.get(row["id"]), named[row["id"]]) for row in shown]
        has_older = goes_on or after is not None
        has_newer = goes_on if after else before is not None or bool(offset)
        is_more = total > COUNTED_TO and not wanted.is_countable
        return HistoryPage(
            results,
            COUNTED_TO if is_more else total,
            is_more,
            _place(shown[-1]) if shown and has_older else None,
            _place(shown[0]) if shown and has_newer else None,
        )

    def totals(self) -> Totals:
        """Return the totals; they are maintained with every change, so this is fast."""
        with self._database.reading() as connection:
            rows = history.totals(connection)
        shown = [row for row in rows if not row["in_trash"]]
        thrown = [row for row in rows if row["in_trash"]]
        return Totals(
            count=_sum(shown, "count"),
            seconds=sum(row["seconds"] for row in shown),
            size_bytes=_sum(shown, "size_bytes"),
            by_state={state.value: 0 for state in JobState} | _by(shown, "state"),
            by_language=_by(shown, "language"),
            by_source=_by(shown, "source"),
            trash_count=_sum(thrown, "count"),
            trash_bytes=_sum(thrown, "size_bytes"),
        )

    def days(self, zone: tzinfo, count: int, now: datetime) -> list[Day]:
        """Return the last `count` days up to `now`, oldest first, including empty ones."""
        today = now.astimezone(zone).date()
        dates = [today - timedelta(days=back) for back in reversed(range(count))]
        begin = datetime.combine(dates[0], time.min, zone)
        with self._database.reading() as connection:
            slots = history.created_since(connection, begin)
        counts = Counter[date]()
        for moment, counted in slots:
            counts[moment.astimezone(zone).date()] += counted
        return [Day(date, counts[date]) for date in dates]

    def speakers(self, beginning: str) -> list[str]:
        """Return names of speakers that begin so, in alphabetical order."""
        with self._database.reading() as connection:
            return speaker_names.suggested(connection, beginning)


def excerpts_of(connection: Connection, row: Row, query: str, speaker: str = "") -> tuple[Excerpt, ...]:
    """Return the passages that contain terms of `query`, those with the most terms first; only what a speaker says."""
    terms = search.terms(query)
    patterns = [search.pattern(term) for term in terms]
    if not patterns:
        return ()
    places = (place for term in terms for place in _places(connection, row["id"], _longest(term), speaker))
    segments = {(place["index"], place["start"]): place for place in places}
    fitting = [place for place in segments.values() if _variety(place["text"], patterns)]
    best = sorted(fitting, key=lambda place: (-_variety(place["text"], patterns), place["index"]))
    if not best and not speaker and _variety(row["text"], patterns):
        return (Excerpt(tuple(_cut(row["text"], patterns))),)
    return tuple(
        Excerpt(tuple(_cut(place["text"], patterns)), place["index"], place["start"])
        for place in best[: history.EXCERPTS]
    )


def marked(text: str, query: str) -> list[Piece]:
    """Return all of `text`, with the terms of `query` marked."""
    return list(_pieces(text, [search.pattern(term) for term in search.terms(query)]))


def _result(
    connection: Connection, row: Row, wanted: HistoryFilter, batch: tuple[str, str] | None, speakers: Sequence[str]
) -> Result:
    return Result(
        transcription_from(row),
        row["deleted_at"],
        tuple(marked(row["name"], "" if wanted.speaker else wanted.query)),
        excerpts_of(connection, row, wanted.query, wanted.speaker),
        batch,
        tuple(tuple(marked(name, wanted.speaker or wanted.query)) for name in speakers),
    )


def _places(connection: Connection, id: str, term: str, speaker: str) -> list[Row]:
    if speaker:
        return spoken_places(connection, id, diarizations.of(connection, id), speaker, term, history.EXCERPTS)
    return history.places(connection, id, term)


def _place(row: Row) -> HistoryPosition:
    return HistoryPosition(row["number"], row["deleted_at"])


def _variety(text: str, patterns: Sequence[re.Pattern[str]]) -> int:
    return sum(1 for pattern in patterns if pattern.search(text))


def _cut(text: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[Piece]:
    first = min(found.start() for pattern in patterns if (found := pattern.search(text)))
    start = max(0, first - LEAD_CHARACTERS)
    end = start + EXCERPT_CHARACTERS
    if start:
        yield Piece("…", False)
    yield from _pieces(text[start:end], patterns)
    if end < len(text):
        yield Piece("…", False)


def _pieces(text: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[Piece]:
    """Split `text` into matches of a pattern and the text between them, in order."""
    position = 0
    for start, end in sorted(found.span() for pattern in patterns for found in pattern.finditer(text)):
        if start < position:
            continue
        if start > position:
            yield Piece(text[position:start], False)
        yield Piece(text[start:end], True)
        position = end
    if position < len(text):
        yield Piece(text[position:], False)


def _longest(term: str) -> str:
    return max(search.runs_of(term), key=len)


def _sum(rows: Sequence[Row], name: str) -> int:
    return sum(row[name] for row in rows)


def _by(rows: Sequence[Row], name: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        if row[name]:
            counts[row[name]] = counts.get(row[name], 0) + row["count"]
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))
