"""What a live session tells its client. Times are seconds from the beginning of the session's sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from app.domain.errors.base import Problem
from app.domain.options import TranscriptionOptions
from app.domain.transcription import SegmentRecord


@dataclass(frozen=True, slots=True)
class Started:
    """The client may send sound, from `next_chunk` on."""

    session: str
    token: str
    """What proves later that the client is the same; empty when it goes on."""
    transcription: str
    next_chunk: int
    options: TranscriptionOptions
    model: str | None
    """None while it is being loaded."""
    segments: tuple[SegmentRecord, ...]
    """What was recognised before."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Everything before `next_chunk` is on the disk."""

    next_chunk: int
    seconds: float
    """Of sound, so far."""


@dataclass(frozen=True, slots=True)
class VoiceStarted:
    start: float


@dataclass(frozen=True, slots=True)
class VoiceStopped:
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Partial:
    """A reading of the segment that is still open."""

    segment: int
    start: float
    end: float
    text: str
    stable: int
    """So many characters of `text` will be the same in later readings of this segment."""
    latency_ms: float
    """From the arrival of the last sound in it."""


@dataclass(frozen=True, slots=True)
class Final:
    """A segment that is stored with its text."""

    segment: SegmentRecord
    latency_ms: float
    """From the moment when the pause was long enough."""


@dataclass(frozen=True, slots=True)
class SettingsApplied:
    """What holds from the next segment on."""

    options: TranscriptionOptions


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """Something the person should know; `is_fatal` ends the connection, though not the session."""

    problem: Problem
    is_fatal: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """Everything is stored."""

    transcription: str


LiveEvent: TypeAlias = (
    Started | Acknowledged | VoiceStarted | VoiceStopped | Partial | Final | SettingsApplied | ErrorEvent | Ended
)
Listener: TypeAlias = Callable[[LiveEvent], None]
"""Called from any thread; it must neither wait nor raise."""
