"""Differences between the recorded run and this one: texts, times, errors. No files, no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from app.domain.transcript import SPOKEN, Word
from app.support.private_values import PrivateValues
from app.support.redaction import Redactor
from app.support.replay.recorded import RecordedSegment
from app.support.replay.rerun import Heard


@dataclass(frozen=True, slots=True)
class SegmentComparison:
    """One segment, then and now."""

    index: int
    start: float
    end: float
    recorded: str
    """The recorded text, as redacted in the case."""
    now: str
    recorded_error: str | None
    error: str | None
    distance: int
    """Edit distance in characters."""
    characters: int
    """Length of the recorded text."""
    timing_seconds: float | None
    """Largest difference in word times; None if words are missing or differ."""
    confidence: tuple[float | None, float | None]
    diff: tuple[tuple[str, str, str], ...]
    """Old text, new text, and operation: `equal`, `replace`, `delete` or `insert`."""

    @property
    def is_same(self) -> bool:
        return self.recorded == self.now and self.recorded_error == self.error


@dataclass(frozen=True, slots=True)
class Comparison:
    """All compared segments."""

    segments: tuple[SegmentComparison, ...]

    @property
    def cer(self) -> float | None:
        """Edit distance divided by the recorded characters; None if there are none."""
        characters = sum(each.characters for each in self.segments)
        return sum(each.distance for each in self.segments) / characters if characters else None

    @property
    def has_same_errors(self) -> bool:
        return all(each.recorded_error == each.error for each in self.segments)

    @property
    def recorded_errors(self) -> int:
        return sum(each.recorded_error is not None for each in self.segments)

    @property
    def timing_seconds(self) -> float | None:
        return max((each.timing_seconds for each in self.segments if each.timing_seconds is not None), default=None)


def compare(recorded: Sequence[RecordedSegment], heard: Sequence[Heard]) -> Comparison:
    """Compare segment by segment, leaving out those that the recorded run did not reach."""
    texts = Redactor(PrivateValues()).pieces([now.text_raw for now in heard])  # cases are redacted, too
    triples = zip(recorded, heard, texts, strict=True)
    return Comparison(tuple(_compared(then, now, text) for then, now, text in triples if then.is_settled))


def character_errors(reference: str, text: str) -> tuple[int, int]:
    """Return the edit distance of two texts and the length of the first, ignoring white space."""
    left, right = "".join(reference.split()), "".join(text.split())
    return distance(left, right), len(left)


def distance(left: str, right: str) -> int:
    """Return the minimum number of insertions, deletions and replacements (Levenshtein 1965)."""
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    row = list(range(len(right) + 1))
    for number, character in enumerate(left, 1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(right, 1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (character != other)),
            )
    return row[-1]


def diff_of(left: str, right: str) -> tuple[tuple[str, str, str], ...]:
    """Return the runs of words in which two texts agree or differ."""
    old, new = _units(left), _units(right)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return tuple(("".join(old[i:j]), "".join(new[k:m]), kind) for kind, i, j, k, m in matcher.get_opcodes())


def _compared(then: RecordedSegment, now: Heard, redacted: str) -> SegmentComparison:
    text = now.text_raw if now.text_raw == then.text_raw else redacted  # the case may be unredacted
    changed, characters = character_errors(then.text_raw, text)
    return SegmentComparison(
        index=then.index,
        start=then.start,
        end=then.end,
        recorded=then.text_raw,
        now=text,
        recorded_error=then.error,
        error=now.code,
        distance=changed,
        characters=characters,
        timing_seconds=_timing(then.words, now.words),
        confidence=(then.confidence, now.confidence),
        diff=() if then.text_raw == text else diff_of(then.text_raw, text),
    )


def _timing(then: Sequence[Mapping[str, Any]], now: Sequence[Word]) -> float | None:
    if not then or [word["text"] for word in then] != [word.text for word in now]:
        return None
    pairs = zip(then, now, strict=True)
    return max(max(abs(float(old["start"]) - new.start), abs(float(old["end"]) - new.end)) for old, new in pairs)


def _units(text: str) -> list[str]:
    """Split a text into words, Chinese characters and what is between them."""
    starts = [0, *(match.start() for match in SPOKEN.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(starts) if end > start]
