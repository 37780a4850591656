"""The speech of a recording, the rules by which the rest was dropped, and other sound events."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice, takewhile
from typing import Any


class Rule(StrEnum):
    """Why an interval was dropped."""

    TOO_QUIET = "too_quiet"
    """Mostly quieter than FLOOR_DBFS."""
    NOT_SPEECH = "not_speech"
    """Sound without a voice."""
    TOO_SHORT = "too_short"
    """A voice, for less than `min_speech_ms`, or too briefly to be distinguished from music or noise."""


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """An interval that is recognised, in seconds."""

    start: float
    end: float
    channel: int | None = None
    """Counted from 1; None is the mix of all."""


@dataclass(frozen=True, slots=True)
class DroppedSpan:
    """An interval that is not recognised, in seconds, and why."""

    start: float
    end: float
    rule: Rule


class SoundKind(StrEnum):
    """The classes of a sound event detector."""

    SPEECH = "speech"
    SINGING = "singing"
    MUSIC = "music"


@dataclass(frozen=True, slots=True)
class SoundEvent:
    """An interval with a sound, in seconds; events may overlap."""

    kind: SoundKind
    start: float
    end: float

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> SoundEvent:
        return cls(SoundKind(stored["kind"]), float(stored["start"]), float(stored["end"]))


@dataclass(frozen=True, slots=True)
class SpeechReport:
    """Spoken and dropped spans together cover the recording exactly once; each list is in time order."""

    spans: tuple[SpeechSpan, ...]
    dropped: tuple[DroppedSpan, ...]


def joined(events: Iterable[SoundEvent]) -> list[SoundEvent]:
    """Join events of one kind that touch or overlap; return each kind in time order.

    >>> joined([SoundEvent(SoundKind.MUSIC, 3, 5), SoundEvent(SoundKind.MUSIC, 1, 3)])
    [SoundEvent(kind=<SoundKind.MUSIC: 'music'>, start=1, end=5)]
    """
    kinds = list(SoundKind)
    found: list[SoundEvent] = []
    for event in sorted(events, key=lambda event: (kinds.index(event.kind), event.start)):
        if found and event.kind is found[-1].kind and event.start <= found[-1].end:
            found[-1] = replace(found[-1], end=max(found[-1].end, event.end))
        else:
            found.append(event)
    return found


def music_share(spans: Sequence[SpeechSpan], events: Sequence[SoundEvent]) -> float:
    """Return the share of the speech, from 0 to 1, with music in the background.

    >>> music_share([SpeechSpan(0, 8), SpeechSpan(10, 12)], [SoundEvent(SoundKind.MUSIC, 7, 11)])
    0.2
    """
    music = [event for event in events if event.kind is SoundKind.MUSIC]
    total = sum(span.end - span.start for span in spans)
    return round(sum(_seconds_within(span, music) for span in spans) / total, 4) if total else 0.0


def _seconds_within(span: SpeechSpan, events: Sequence[SoundEvent]) -> float:
    """Return how many seconds of a span are covered by events, which are in time order."""
    first = bisect_right(events, span.start, key=lambda event: event.end)
    met = takewhile(lambda event: event.start < span.end, islice(events, first, None))
    return sum(min(span.end, event.end) - max(span.start, event.start) for event in met)
