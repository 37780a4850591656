"""The states of jobs, segments, live sessions, batches and their recordings."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class JobState(StrEnum):
    """State of a job. The last three are final until it is retried."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SegmentState(StrEnum):
    """State of a segment; `failed` becomes `pending` again when its job is retried."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class LiveState(StrEnum):
    """State of a live session; all but `open` are final."""

    OPEN = "open"
    ENDED = "ended"
    """The client ended it."""
    ABANDONED = "abandoned"
    """It was not resumed in time."""
    CANCELLED = "cancelled"
    """Its transcription was cancelled or deleted."""


class Rank(IntEnum):
    """Priority among waiting jobs."""

    AWAITED = 0
    """A single recording."""
    BATCH = 1
    """Part of a batch."""
    HELD = 2
    """Its batch is paused: no worker gets it."""


class DesiredState(StrEnum):
    """The requested state of a batch."""

    WORK = "work"
    PAUSE = "pause"
    CANCEL = "cancel"
    DELETE = "delete"
    """It is hidden, and its remains are being removed."""


class ItemState(StrEnum):
    """State of one recording of a batch: before its transcription, that of its transcription, or without one."""

    UPLOADING = "uploading"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"
    """It has the same content as another transcription."""
    REMOVED = "removed"
    """Its transcription is in the trash; restoring that restores it."""
