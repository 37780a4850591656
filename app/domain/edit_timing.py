"""Times of the pieces of an edited range, and of their words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.domain.edits import Piece
from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.transcript import Segment, Word, join_texts
from app.domain.word_times import aligned

ROUNDING = 0.01  # seconds that a page may be late: it has rounded times


@dataclass(frozen=True, slots=True)
class Draft:
    """A piece as edited. Its start is known, unless it was just split off the previous piece; both may be shifted."""

    text: str
    start: float | None = None
    """Seconds from the beginning of the recording."""
    end: float | None = None


@dataclass(frozen=True, slots=True)
class _TimeRange:
    """Drafts that share a time range with known borders."""

    start: float
    end: float
    drafts: tuple[Draft, ...]


def place(segments: Sequence[Segment], drafts: Sequence[Draft], duration: float = 0.0) -> tuple[Piece, ...]:
    """Return `drafts` with their times in a recording of `duration` (0: unknown); unknown ones are those of `segments`, which they replace.

    An unknown border between two drafts is where the word before it ends and the one after it begins.

    Raises:
        InvalidParameter: the times are out of order, or outside the recording.
    """
    words = [word for segment in segments for word in segment.words]
    rooms = list(_rooms(segments[0].start, segments[-1].end, drafts, duration))
    pieces: list[Piece] = []
    for number, room in enumerate(rooms):
        until = rooms[number + 1].start if number + 1 < len(rooms) else float("inf")
        inside = [word for word in words if (word.start + word.end) / 2 < until]
        words = words[len(inside) :]
        pieces += _placed(room, inside, segments)
    return tuple(pieces)


# Internal


def _rooms(start: float, end: float, drafts: Sequence[Draft], duration: float) -> Iterator[_TimeRange]:
    numbers = [number for number, draft in enumerate(drafts) if number == 0 or draft.start is not None]
    now = 0.0
    latest = max(end, duration) + ROUNDING
    for number, following in zip(numbers, [*numbers[1:], len(drafts)], strict=True):
        group = tuple(drafts[number:following])
        begin = start if group[0].start is None else group[0].start
        until = group[-1].end or (end if following == len(drafts) else drafts[following].start)
        if until is None or not now <= begin <= until <= latest:
            raise InvalidParameter(name="pieces", reason=N_("their times do not follow each other"))
        yield _TimeRange(begin, until, group)
        now = until


def _placed(room: _TimeRange, words: Sequence[Word], segments: Sequence[Segment]) -> Iterator[Piece]:
    texts = [draft.text for draft in room.drafts]
    timed = {
        number: tuple(word for _, word in group)
        for number, group in groupby(aligned(words, texts), key=lambda pair: pair[0])
    }
    borders = list(_borders(room, texts, timed))
    spoken = _spoken(words, [start for start, _ in borders], segments)
    for number, (start, end) in enumerate(borders):
        inside = tuple(word for word in timed.get(number, ()))
        yield Piece(start, end, texts[number], spoken[number], inside)


def _borders(
    room: _TimeRange, texts: Sequence[str], timed: dict[int, tuple[Word, ...]]
) -> Iterator[tuple[float, float]]:
    """Yield start and end of each draft in a range."""
    total = sum(map(len, texts)) or 1
    start, written = room.start, 0
    for number, text in enumerate(texts[:-1]):
        written += len(text)
        before, after = timed.get(number), timed.get(number + 1)
        shared = room.start + (room.end - room.start) * written / total
        end = max(start, before[-1].end if before else after[0].start if after else shared)
        yield start, end
        start = max(end, after[0].start if after else end)
    yield start, max(start, room.end)


def _spoken(words: Sequence[Word], starts: Sequence[float], segments: Sequence[Segment]) -> list[str]:
    """Return the model's text for each piece; without times, all of it belongs to the first one."""
    if not words:
        return [join_texts(segment.text_raw for segment in segments), *[""] * (len(starts) - 1)]
    ends = [*starts[1:], float("inf")]
    said: list[list[str]] = [[] for _ in starts]
    number = 0
    for word in words:
        while (word.start + word.end) / 2 >= ends[number]:
            number += 1
        said[number].append(word.raw or word.text)
    return [join_texts(texts) for texts in said]
