"""What somebody sees who reads along with a live session: its lines so far, as people have put them right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.edits import edit_from
from app.domain.errors.live import LiveSessionUnknown
from app.domain.states import JobState, LiveState, SegmentState
from app.domain.transcript import join_texts
from app.services.transcriptions.job_queue import Queue
from app.store.database import Database
from app.store.queries import edits, live, segments


@dataclass(frozen=True, slots=True)
class ReadSession:
    """A session as its readers know it."""

    transcription: str
    name: str
    channel_names: tuple[str, ...]
    channels: int
    started_at: datetime
    is_open: bool
    """Whether more may be said."""
    is_whole: bool
    """Whether all texts are there, or will never be."""
    finished: int
    """Segments with text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One finished segment."""

    segment: int
    start: float
    end: float
    channel: int | None
    text: str


def read_session(queue: Queue, id: str) -> ReadSession:
    """Return the session with this id, or of the transcription with this id.

    Raises:
        LiveSessionUnknown: there is none.
        TranscriptionNotFound: it is not this reader's to see.
    """
    with queue.database.reading() as connection:
        row = live.find(connection, id) or live.of(connection, id)
    if row is None:
        raise LiveSessionUnknown(id=id[:40])
    record = queue.get(row["transcription_id"])
    is_open = row["state"] == LiveState.OPEN
    return ReadSession(
        transcription=record.id,
        name=record.name,
        channel_names=record.channel_names,
        channels=row["channels"],
        started_at=row["created_at"],
        is_open=is_open,
        is_whole=not is_open and record.state not in (JobState.QUEUED, JobState.RUNNING),
        finished=record.progress.segments_done + record.progress.segments_failed,
    )


def lines_from(database: Database, transcription: str, first: int) -> list[Line]:
    """Return the finished segments from number `first` on; the text of an edit stands in the first one it replaces."""
    with database.reading() as connection:
        by_hand = [edit_from(row) for row in edits.of(connection, transcription)]
        rows = segments.of(connection, transcription)
    written = {row["index"]: str(row["text"]) for row in rows}
    written |= {index: "" for edit in by_hand for index in range(edit.first, edit.last + 1)}
    written |= {edit.first: join_texts(piece.text for piece in edit.pieces) for edit in by_hand}
    return [
        Line(row["index"], row["start"], row["end"], row["channel"], written[row["index"]])
        for row in rows
        if row["index"] >= first and row["state"] != SegmentState.PENDING
    ]
