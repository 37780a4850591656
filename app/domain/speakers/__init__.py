"""Who spoke when, and the text of a transcript by speaker. Times are in seconds.

The labels are kept beside the segments: a segment in which the speaker changes is cut when the text is read, so
neither recognised nor edited text ever changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from app.domain.transcript import Segment, Word, join_texts

MOST_CORRECTIONS = 50  # that can be taken back
MOST_CORRECTED = 20_000  # turns in all of them together
LEAST_OVERLAP = 0.3  # seconds; a shorter one is how people take turns


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """One person speaks without a longer pause. Turns of several people may overlap."""

    start: float
    end: float
    speaker: int
    """Counted from 1, in the order in which they are first heard."""
    likeness: float = 1.0
    """How much the voice is like this speaker's rather than the next one's, 0 to 1."""
    is_decided: bool = False
    """Whether a person said who it is: then it stays, whatever is assigned anew."""

    def to_stored(self) -> list[float]:
        stored = [round(self.start, 3), round(self.end, 3), self.speaker, round(self.likeness, 3)]
        return [*stored, 1] if self.is_decided else stored

    @classmethod
    def from_stored(cls, stored: Sequence[float]) -> SpeakerTurn:
        start, end, speaker, likeness, *decided = stored
        return cls(start, end, int(speaker), likeness, bool(decided))

    def to_dict(self) -> dict[str, Any]:
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "speaker": self.speaker,
            "likeness": round(self.likeness, 3),
            "is_decided": self.is_decided,
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

    def interruptions_of(self, speaker: int) -> int:
        """Count the turns that begin while another speaker is still talking."""
        return sum(turn.speaker == speaker and self._is_interruption(turn) for turn in self.turns)

    def _is_interruption(self, turn: SpeakerTurn) -> bool:
        return any(
            other.speaker != turn.speaker and other.start < turn.start < other.end - LEAST_OVERLAP
            for other in self.turns
        )

    def named(self, speaker: int, name: str) -> Speakers:
        """Return a copy in which a speaker has this name; an empty one takes it away."""
        names = {**self.names, speaker: name}
        return replace(self, names={number: each for number, each in names.items() if each})

    def merged(self, speaker: int, into: int) -> Speakers:
        """Return a copy in which two speakers are one."""
        names = {number: name for number, name in self.names.items() if number != speaker}
        if into not in names and speaker in self.names:
            names[into] = self.names[speaker]
        turns = (replace(turn, speaker=into) if turn.speaker == speaker else turn for turn in self.turns)
        return Speakers(tuple(turns), names)

    def split(self, speaker: int, since: float) -> Speakers:
        """Return a copy in which a new speaker has the turns of this one that end after `since`."""
        new = max(self.numbers) + 1
        is_later = [turn.speaker == speaker and turn.end > since for turn in self.turns]
        turns = (
            replace(turn, speaker=new) if later else turn for turn, later in zip(self.turns, is_later, strict=True)
        )
        return replace(self, turns=tuple(turns))

    def moved(self, start: float, end: float, speaker: int) -> Speakers:
        """Return a copy in which all that is said between two times is said by one speaker, who may be a new one."""
        outside = (piece for turn in self.turns for piece in _without(turn, start, end))
        inside = SpeakerTurn(start, end, speaker, is_decided=True)
        return replace(self, turns=tuple(sorted((*outside, inside), key=turn_order)))

    def decided(self, place: int, speaker: int) -> Speakers:
        """Return a copy in which one turn is said by this speaker, who may be a new one, and stays so."""
        turn = replace(self.turns[place], speaker=speaker, likeness=1.0, is_decided=True)
        return replace(self, turns=(*self.turns[:place], turn, *self.turns[place + 1 :]))


@dataclass(frozen=True, slots=True)
class DoubtfulTurn:
    """A turn that a person should listen to."""

    turn: SpeakerTurn
    others: tuple[int, ...]
    """The other speakers, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One step of a person, with what followed from it: as much as is needed to take it back."""

    removed: tuple[SpeakerTurn, ...]
    added: tuple[SpeakerTurn, ...]
    names: Mapping[int, str]
    """As they were before."""

    @classmethod
    def between(cls, before: Speakers, after: Speakers) -> Correction:
        old, new = Counter(before.turns), Counter(after.turns)
        return cls(tuple((old - new).elements()), tuple((new - old).elements()), dict(before.names))

    @property
    def moved(self) -> int:
        """How many turns it gave to another speaker."""
        before = {(turn.start, turn.end): turn.speaker for turn in self.removed}
        return sum(before.get((turn.start, turn.end)) != turn.speaker for turn in self.added)

    @property
    def size(self) -> int:
        return len(self.removed) + len(self.added)

    def undone(self, speakers: Speakers) -> Speakers:
        """Return the speakers as they were before; they must be as the correction left them."""
        left = Counter(speakers.turns) - Counter(self.added)
        return Speakers(tuple(sorted([*left.elements(), *self.removed], key=turn_order)), self.names)

    def to_stored(self) -> dict[str, Any]:
        return {
            "removed": [turn.to_stored() for turn in self.removed],
            "added": [turn.to_stored() for turn in self.added],
            "names": {str(number): name for number, name in self.names.items()},
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Correction:
        return cls(
            tuple(map(SpeakerTurn.from_stored, stored["removed"])),
            tuple(map(SpeakerTurn.from_stored, stored["added"])),
            {int(number): name for number, name in stored["names"].items()},
        )


def latest_corrections(corrections: Sequence[Correction]) -> tuple[Correction, ...]:
    """Return the last ones, as many as are kept."""
    kept, turns = 0, 0
    for correction in reversed(corrections[-MOST_CORRECTIONS:]):
        turns += correction.size
        if turns > MOST_CORRECTED:
            break
        kept += 1
    return tuple(corrections[len(corrections) - kept :])


def turn_order(turn: SpeakerTurn) -> tuple[float, float]:
    return turn.start, turn.end


def _without(turn: SpeakerTurn, start: float, end: float) -> Iterator[SpeakerTurn]:
    """Yield what is left of a turn outside of a stretch."""
    if turn.end <= start or turn.start >= end:
        yield turn
        return
    if turn.start < start:
        yield replace(turn, end=start)
    if turn.end > end:
        yield replace(turn, start=end)


def by_first_heard(turns: Iterable[SpeakerTurn]) -> tuple[SpeakerTurn, ...]:
    """Return the turns in order, with their speakers counted from 1 in the order in which they are first heard."""
    ordered = sorted(turns, key=turn_order)
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
