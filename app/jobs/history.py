"""Finding a transcript again: a page of what fits, with the places where the words stand, and the totals of all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.jobs.queue import JobState, Queue, Transcription
from app.jobs.transcription import transcription_from
from app.store import history, search
from app.store.database import Connection, Row
from app.store.history import COUNTED_TO, Wanted

__all__ = ["COUNTED_TO", "Excerpt", "Found", "History", "Piece", "Result", "Totals", "Wanted"]

LEAD_CHARACTERS = 16  # shown before the first word that was found
EXCERPT_CHARACTERS = 90
AT_ONCE = 200  # rows that are read together where all are wanted


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an excerpt, and whether it is what was searched for."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A place where words were found."""

    pieces: tuple[Piece, ...]
    segment: int | None = None
    """Its index; None where no single segment holds it."""
    start: float | None = None
    """Seconds from the beginning of the recording."""


@dataclass(frozen=True, slots=True)
class Result:
    """One transcription that fits; its text is cut."""

    transcription: Transcription
    deleted_at: str | None
    excerpts: tuple[Excerpt, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results."""

    results: list[Result]
    total: int
    """How many fit; at most COUNTED_TO where `is_more`."""
    is_more: bool
    next_cursor: int | None
    """Where the next page begins; None on the last."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything that is kept; the trash counts only where it says so."""

    count: int
    seconds: float
    size_bytes: int
    by_state: dict[str, int]
    by_language: dict[str, int]
    by_source: dict[str, int]
    trash_count: int
    trash_bytes: int
    database_bytes: int


class History:
    """What `queue` has kept, as people look for it."""

    def __init__(self, queue: Queue) -> None:
        self._database = queue.database

    def page(self, wanted: Wanted, limit: int, cursor: int | None = None, offset: int = 0) -> Found:
        """Return what fits, newest first, from `cursor` on."""
        with self._database.reading() as connection:
            rows = history.newest(connection, wanted, limit + 1, cursor, offset)
            total = history.count(connection, wanted)
            results = [_result(connection, row, wanted.query) for row in rows[:limit]]
        is_more = total > COUNTED_TO and not wanted.is_countable
        goes_on = len(rows) > limit
        return Found(
            results, COUNTED_TO if is_more else total, is_more, rows[limit - 1]["number"] if goes_on else None
        )

    def ids(self, wanted: Wanted, limit: int) -> list[str]:
        """Return the ids of the newest that fit."""
        with self._database.reading() as connection:
            return [id for id, _ in history.ids(connection, wanted, limit)]

    def totals(self) -> Totals:
        """Return the totals; they are counted with every change, so this is quick."""
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
            database_bytes=self._database.file.stat().st_size,
        )


def excerpts_of(connection: Connection, row: Row, query: str) -> tuple[Excerpt, ...]:
    """Return the places in the text where the terms of `query` stand, those with most of them first."""
    terms = search.terms(query)
    patterns = [search.pattern(term) for term in terms]
    if not patterns:
        return ()
    segments = {
        place["index"]: place
        for term in terms
        for place in history.places(connection, row["id"], _longest(term))
    }
    fitting = [place for place in segments.values() if _variety(place["text"], patterns)]
    best = sorted(fitting, key=lambda place: (-_variety(place["text"], patterns), place["index"]))
    if not best and _variety(row["text"], patterns):
        return (Excerpt(tuple(_cut(row["text"], patterns))),)
    return tuple(
        Excerpt(tuple(_cut(place["text"], patterns)), place["index"], place["start"])
        for place in best[: history.EXCERPTS]
    )


def marked(text: str, query: str) -> list[Piece]:
    """Return the whole of `text`, with the terms of `query` marked."""
    return list(_pieces(text, [search.pattern(term) for term in search.terms(query)]))


def _result(connection: Connection, row: Row, query: str) -> Result:
    deleted_at = row["deleted_at"].isoformat() if row["deleted_at"] else None
    return Result(transcription_from(row), deleted_at, excerpts_of(connection, row, query))


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
    """Yield `text` in pieces, in order: what fits a pattern, and what stands between."""
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
