"""Who spoke when, and the text of a transcript by speaker. Times are in seconds.

The labels are kept beside the segments: a segment in which the speaker changes is cut when the text is read, so
neither recognised nor edited text ever changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from app.domain.transcript import Segment, Word, join_texts

OFF, AUTOMATIC = "off", "auto"
MOST_SPEAKERS = 20
CHOICES = (OFF, AUTOMATIC, *(str(number) for number in range(2, MOST_SPEAKERS + 1)))
"""What may be asked for: nothing, as many as are found, or a known number."""


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """One person speaks without a longer pause. Turns of several people may overlap."""

    start: float
    end: float
    speaker: int
    """Counted from 1, in the order in which they are first heard."""
    likeness: float = 1.0
    """How much the voice is like this speaker's rather than the next one's, 0 to 1."""

    def to_stored(self) -> list[float]:
        return [round(self.start, 3), round(self.end, 3), self.speaker, round(self.likeness, 3)]

    @classmethod
    def from_stored(cls, stored: Sequence[float]) -> SpeakerTurn:
        start, end, speaker, likeness = stored
        return cls(start, end, int(speaker), likeness)

    def to_dict(self) -> dict[str, Any]:
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "speaker": self.speaker,
            "likeness": round(self.likeness, 3),
        }


@dataclass(frozen=True, slots=True)
class Speakers:
    """The speakers of one recording."""

    turns: tuple[SpeakerTurn, ...] = ()
    """In order of their start."""
    names: Mapping[int, str] = field(default_factory=dict)
    """As given by a person; a speaker without a name keeps the number."""

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(sorted({turn.speaker for turn in self.turns}))

    def seconds_of(self, speaker: int) -> float:
        return sum(turn.end - turn.start for turn in self.turns if turn.speaker == speaker)


def by_first_heard(turns: Iterable[SpeakerTurn]) -> tuple[SpeakerTurn, ...]:
    """Return the turns in order, with their speakers counted from 1 in the order in which they are first heard."""
    ordered = sorted(turns, key=lambda turn: (turn.start, turn.end))
    numbers: dict[int, int] = {}
    for turn in ordered:
        numbers.setdefault(turn.speaker, len(numbers) + 1)
    return tuple(replace(turn, speaker=numbers[turn.speaker]) for turn in ordered)


def with_speakers(segments: Iterable[Segment], turns: Sequence[SpeakerTurn]) -> tuple[Segment, ...]:
    """Return the segments with their speakers, cut where the speaker changes inside one."""
    if not turns:
        return tuple(segments)
    finder = _TurnFinder(turns)
    return tuple(piece for segment in segments for piece in _by_speaker(segment, finder))


def _by_speaker(segment: Segment, finder: _TurnFinder) -> Iterator[Segment]:
    owners = [finder.speaker(word.start, word.end) for word in segment.words]
    if len(set(owners)) <= 1:
        yield replace(segment, speaker=owners[0] if owners else finder.speaker(segment.start, segment.end))
        return
    runs = [
        (speaker, tuple(word for _, word in run))
        for speaker, run in groupby(zip(owners, segment.words, strict=True), key=lambda pair: pair[0])
    ]
    for place, (speaker, words) in enumerate(runs):
        start = words[0].start if place else segment.start
        end = words[-1].end if place < len(runs) - 1 else segment.end
        yield _piece(segment, speaker, words, start, max(start, end))


def _piece(segment: Segment, speaker: int, words: tuple[Word, ...], start: float, end: float) -> Segment:
    return replace(
        segment,
        start=start,
        end=end,
        text=join_texts(word.text for word in words),
        text_raw=join_texts(word.raw or word.text for word in words),
        confidence=sum(word.confidence for word in words) / len(words),
        words=words,
        speaker=speaker,
    )


class _TurnFinder:
    """Finds the speaker of a stretch: who speaks for most of it, or else nearest to it."""

    def __init__(self, turns: Sequence[SpeakerTurn]) -> None:
        self._turns = sorted(turns, key=lambda turn: turn.start)
        self._starts = [turn.start for turn in self._turns]
        self._longest = max(turn.end - turn.start for turn in self._turns)

    def speaker(self, start: float, end: float) -> int:
        first = bisect_left(self._starts, start - self._longest)
        last = bisect_left(self._starts, end)
        near = self._turns[max(0, first - 1) : last + 1]
        return max(near, key=lambda turn: min(turn.end, end) - max(turn.start, start)).speaker
