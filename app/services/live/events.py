"""Events a live session sends to its client. Times are seconds from the start of the session's audio."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from app.domain.errors.base import Problem
from app.domain.options import TranscriptionOptions
from app.domain.transcription import SegmentRecord
from app.services.live.channels import MONO, Channels


@dataclass(frozen=True, slots=True)
class Started:
    """The client may send audio, starting with `next_chunk`."""

    session: str
    token: str
    """Proves the client's identity on reconnection; empty when resuming."""
    transcription: str
    next_chunk: int
    options: TranscriptionOptions
    model: str | None
    """None while it is being loaded."""
    segments: tuple[SegmentRecord, ...]
    """The segments recognised so far."""
    channels: Channels = MONO
    speakers: Mapping[int, int] = field(default_factory=dict)
    """Who speaks in the segments, as far as that is known; see SpeakersChanged."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Everything before `next_chunk` is on disk."""

    next_chunk: int
    seconds: float
    """Audio so far."""


@dataclass(frozen=True, slots=True)
class VoiceStarted:
    start: float
    channel: int | None = None
    """Counted from 1; None in a session with one channel."""


@dataclass(frozen=True, slots=True)
class VoiceStopped:
    start: float
    end: float
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """A preliminary text of the open segment."""

    segment: int
    start: float
    end: float
    text: str
    stable: int
    """Number of leading characters of `text` that later partials of this segment will not change."""
    latency_ms: float
    """Since its last audio arrived."""
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Final:
    """A segment stored with its text."""

    segment: SegmentRecord
    latency_ms: float
    """Since the pause became long enough."""


@dataclass(frozen=True, slots=True)
class SpeakersChanged:
    """Who speaks in some segments, by what is known so far: later ones may say otherwise."""

    speakers: Mapping[int, int]
    """Counted from 1, by the numbers of the segments."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The client has ended the open segment; all segments before `next_segment` are complete."""

    next_segment: int
    end: float
    closed: bool
    """Whether a segment was open."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """The client has dropped the open segment."""

    end: float


@dataclass(frozen=True, slots=True)
class SettingsApplied:
    """The options from the next segment on."""

    options: TranscriptionOptions


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """An error to show to the user; `is_fatal` ends the connection, but not the session."""

    problem: Problem
    is_fatal: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """Everything is stored."""

    transcription: str


LiveEvent: TypeAlias = (
    Started
    | Acknowledged
    | VoiceStarted
    | VoiceStopped
    | Partial
    | Final
    | SpeakersChanged
    | Committed
    | Cleared
    | SettingsApplied
    | ErrorEvent
    | Ended
)
Listener: TypeAlias = Callable[[LiveEvent], None]
"""Called from any thread; must neither block nor raise."""
