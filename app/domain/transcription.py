"""One recording on its way to a text, and its segments: what services, pages and the command line pass to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.domain.errors.base import Problem, Reason
from app.domain.options import TranscriptionOptions
from app.domain.progress import Progress
from app.domain.states import JobState
from app.domain.transcript import Applied, Segment


@dataclass(frozen=True, slots=True)
class Transcription:
    """One recording on its way to a text, and afterwards."""

    id: str
    name: str
    """As it was uploaded or renamed; never a path."""
    state: JobState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    size_bytes: int
    sha256: str
    source: str
    """Where it came from: `page`, `api`, `cli` or `live`."""
    options: TranscriptionOptions
    duration: float | None
    """Seconds, once the recording has been read."""
    progress: Progress
    cancel_requested: bool
    attempts: int
    """How often a worker has taken it."""
    text: str
    """What is recognised so far."""
    text_raw: str
    language: str | None
    """As `detect_language` says, once the job has ended with text."""
    model: str | None
    device: str | None
    receipt: tuple[Applied, ...]
    warnings: tuple[Reason, ...]
    error: Problem | None
    revision: int
    """Grows with every change, over all transcriptions."""
    again_of: str | None
    """The first transcription of the same recording; None for the first."""
    edit_revision: int
    """Grows with every change by hand; 0 where the text is as it was recognised."""
    recording: Mapping[str, Any] = field(default_factory=dict)
    """How it was encoded and how it sounds; empty until it has been read."""
    seconds_worked: float = 0.0
    """By the clock, on the segments that are done."""
    memory_bytes: int | None = None
    """The largest of the process that recognised it; None where that was not its own."""

    @property
    def first_id(self) -> str:
        """The first transcription of the same recording: this one where nobody had it read again."""
        return self.again_of or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord(Segment):
    """A segment of a transcription, from the moment when the recording was cut."""

    index: int
    state: Literal["pending", "done", "failed"] = "pending"
    dropped: str = ""
    """Why text was withheld; empty otherwise."""
    error: Problem | None = None
    foreign_share: float | None = None
    """Of what was heard before the chosen language was forced, how much was of the other one."""

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class TranscriptionPage:
    """A part of the history."""

    items: list[Transcription]
    total: int
