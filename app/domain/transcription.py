"""A transcription and its segments, as passed between services, pages and the command line."""

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
    """The transcription of one recording, in progress or finished."""

    id: str
    name: str
    """As uploaded or renamed; never a path."""
    state: JobState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    size_bytes: int
    sha256: str
    source: str
    """Where it came from, one of `Source`."""
    options: TranscriptionOptions
    duration: float | None
    """Seconds, once the recording has been read."""
    progress: Progress
    cancel_requested: bool
    attempts: int
    """How often a worker has claimed it."""
    text: str
    """The text recognised so far."""
    text_raw: str
    language: str | None
    """From `detect_language`, once the job has ended with text."""
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
    """Grows with every manual edit; 0 if the text is as recognised."""
    recording: Mapping[str, Any] = field(default_factory=dict)
    """Its encoding and its levels; empty until it has been read."""
    seconds_worked: float = 0.0
    """Wall-clock time spent on the finished segments."""
    memory_bytes: int | None = None
    """Peak of its inference process; None if that was shared."""
    owner: str | None = None
    """Id of the person whose it is; None without a login."""
    channel_names: tuple[str, ...] = ()
    """Who speaks on the channels, in their order; empty where nobody said."""
    earlier_end: JobState | None = None
    """How it had ended before only its speakers were asked for; None if all of it is to be done."""

    @property
    def has_ended(self) -> bool:
        """Return whether its text is as good as it gets; its speakers may still be told apart."""
        return self.earlier_end is not None or self.state not in (JobState.QUEUED, JobState.RUNNING)

    @property
    def is_exportable(self) -> bool:
        """Return whether it has ended, and not without any text."""
        return self.has_ended and (bool(self.text) or JobState.SUCCEEDED in (self.state, self.earlier_end))

    @property
    def first_id(self) -> str:
        """Return the first transcription of the same recording; this one if it was not transcribed again."""
        return self.again_of or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord(Segment):
    """A segment of a transcription, from segmentation on."""

    index: int
    state: Literal["pending", "done", "failed"] = "pending"
    dropped: str = ""
    """Why text was suppressed; empty otherwise."""
    error: Problem | None = None
    foreign_share: float | None = None
    """Share of the other language before the chosen one was forced."""

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class TranscriptionPage:
    """A part of the history."""

    items: list[Transcription]
    total: int
