"""Where somebody speaks in a recording, and by which rule the rest was left out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class SpeechReport:
    """Together the two cover the recording exactly once, each in order of time."""

    spans: tuple[SpeechSpan, ...]
    dropped: tuple[DroppedSpan, ...]
