"""Where things stand: jobs, segments, live sessions, batches and their recordings."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class JobState(StrEnum):
    """Where a job stands. The last three are final until it is retried."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SegmentState(StrEnum):
    """Where one segment stands; `failed` becomes `pending` again when its job is retried."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class LiveState(StrEnum):
    """Where a live session stands; all but `open` are final."""

    OPEN = "open"
    ENDED = "ended"
    """The client said that it is over."""
    ABANDONED = "abandoned"
    """Nobody took it up again in time."""
    CANCELLED = "cancelled"
    """Its transcription was cancelled or deleted."""


class Rank(IntEnum):
    """Who comes first among those that wait."""

    AWAITED = 0
    """Somebody sent this one recording."""
    BATCH = 1
    """One of many."""
    HELD = 2
    """Its batch is paused: it is not given to any worker."""


class DesiredState(StrEnum):
    """What a person wants of a batch."""

    WORK = "work"
    PAUSE = "pause"
    CANCEL = "cancel"
    DELETE = "delete"
    """Nobody sees it any more; what is left of it is being removed."""


class ItemState(StrEnum):
    """Where one recording of a batch stands: on its way, as its transcription does, or beside it."""

    UPLOADING = "uploading"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"
    """Its content is that of another transcription."""
    REMOVED = "removed"
    """Its transcription lies in the trash; it comes back with it."""
