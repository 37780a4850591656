"""Where somebody speaks in a recording, by which rule the rest was left out, and what else sounds there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile


class Rule(StrEnum):
    """Why a stretch was left out."""

    TOO_QUIET = "too_quiet"
    """Mostly quieter than FLOOR_DBFS."""
    NOT_SPEECH = "not_speech"
    """There was sound, but no voice in it."""
    TOO_SHORT = "too_short"
    """A voice, for less than `min_speech_ms`, or too briefly to be told from music or noise."""


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """A stretch that is recognised, in seconds."""

    start: float
    end: float
    channel: int | None = None
    """Counted from 1; None is the mix of all."""


@dataclass(frozen=True, slots=True)
class DroppedSpan:
    """A stretch that is not recognised, in seconds, and why."""

    start: float
    end: float
    rule: Rule


class SoundKind(StrEnum):
    """What a detector of sound events tells apart."""

    SPEECH = "speech"
    SINGING = "singing"
    MUSIC = "music"


@dataclass(frozen=True, slots=True)
class SoundEvent:
    """A stretch in which something sounds, in seconds; others may overlap it."""

    kind: SoundKind
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class SpeechReport:
    """Together the two cover the recording exactly once, each in order of time."""

    spans: tuple[SpeechSpan, ...]
    dropped: tuple[DroppedSpan, ...]


def music_share(spans: Sequence[SpeechSpan], events: Sequence[SoundEvent]) -> float:
    """Return how much of the speech, from 0 to 1, has music beneath it.

    >>> music_share([SpeechSpan(0, 8), SpeechSpan(10, 12)], [SoundEvent(SoundKind.MUSIC, 7, 11)])
    0.2
    """
    music = [event for event in events if event.kind is SoundKind.MUSIC]
    total = sum(span.end - span.start for span in spans)
    return round(sum(_seconds_within(span, music) for span in spans) / total, 4) if total else 0.0


def _seconds_within(span: SpeechSpan, events: Sequence[SoundEvent]) -> float:
    """Return how many seconds of a span are covered by events, which are in order of time."""
    first = bisect_right(events, span.start, key=lambda event: event.end)
    met = takewhile(lambda event: event.start < span.end, islice(events, first, None))
    return sum(min(span.end, event.end) - max(span.start, event.start) for event in met)
