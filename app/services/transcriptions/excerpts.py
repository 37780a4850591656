"""Excerpts of search results: the passages that contain the terms of a query, with these marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.store.database import Connection, Row
from app.store.queries import search
from app.store.queries.passages.places import EXCERPTS, places
from app.store.queries.passages.spoken_places import spoken_places

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


def excerpts_of(
    connection: Connection, rows: Sequence[Row], query: str, speaker: str = ""
) -> Mapping[str, tuple[Excerpt, ...]]:
    """Return the passages of each transcription that contain terms of `query`; only what a speaker says."""
    terms = search.terms(query)
    patterns = [search.pattern(term) for term in terms]
    if not patterns:
        return {row["id"]: () for row in rows}
    passages = _passages(connection, [row["id"] for row in rows], [_longest(term) for term in terms], speaker)
    return {row["id"]: _best(row, passages[row["id"]], patterns, speaker) for row in rows}


def _passages(
    connection: Connection, ids: Sequence[str], terms: Sequence[str], speaker: str
) -> Mapping[str, Sequence[Row]]:
    if speaker:
        return spoken_places(connection, ids, speaker, terms, EXCERPTS)
    found = [places(connection, ids, term) for term in terms]
    return {id: [place for each in found for place in each[id]] for id in ids}


def _best(row: Row, passages: Iterable[Row], patterns: Sequence[re.Pattern[str]], speaker: str) -> tuple[Excerpt, ...]:
    """Return those with the most terms first."""
    segments = {(place["index"], place["start"]): place for place in passages}
    fitting = [place for place in segments.values() if _variety(place["text"], patterns)]
    best = sorted(fitting, key=lambda place: (-_variety(place["text"], patterns), place["index"]))
    if not best and not speaker and _variety(row["text"], patterns):
        return (Excerpt(tuple(_cut(row["text"], patterns))),)
    return tuple(
        Excerpt(tuple(_cut(place["text"], patterns)), place["index"], place["start"]) for place in best[:EXCERPTS]
    )


def marked(text: str, query: str) -> list[Piece]:
    """Return all of `text`, with the terms of `query` marked."""
    return list(_pieces(text, [search.pattern(term) for term in search.terms(query)]))


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
