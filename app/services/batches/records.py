"""Progress of a batch as a whole and of each of its recordings. Pure arithmetic, no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.errors.base import Problem
from app.domain.errors.batches import OriginalDeleted
from app.domain.options import TranscriptionOptions
from app.domain.states import DesiredState, ItemState
from app.store.database import Row

ENDED = frozenset({ItemState.SUCCEEDED, ItemState.FAILED, ItemState.CANCELLED, ItemState.DUPLICATE})
SHOWN = tuple(state for state in ItemState if state is not ItemState.REMOVED)


class BatchState(StrEnum):
    """State of a batch."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Batch:
    """Many recordings transcribed with the same options."""

    id: str
    name: str
    created_at: datetime
    state: BatchState
    counts: Mapping[str, int]
    """Items by state, and `total`."""
    seconds_total: float
    """Audio duration, as far as known."""
    seconds_done: float
    progress: float
    """0 to 1, by bytes, which are known from the start."""
    eta_seconds: float | None
    options: TranscriptionOptions
    revision: int


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One recording of a batch."""

    id: str
    position: int
    name: str
    """Including the folders it was selected from."""
    size_bytes: int
    state: ItemState
    progress: float
    """0 to 1: of the upload, or of the recognition."""
    duration: float | None
    transcription_id: str | None
    duplicate_of: str | None
    """The transcription with the same content."""
    error: Problem | None
    text: str
    """The beginning of the text; for a duplicate, that of the original."""

    @property
    def source_id(self) -> str | None:
        """The transcription that holds its text."""
        return self.transcription_id or self.duplicate_of


@dataclass(frozen=True, slots=True)
class Tally:
    """Totals over the items of a batch."""

    counts: Mapping[str, int]
    seconds_total: float
    seconds_done: float
    progress: float
    remaining_seconds: float | None
    """Audio left, estimated for recordings not decoded yet; None if none has been."""


def batch_from(row: Row, totals: Sequence[Row], pace: float | None) -> Batch:
    """Build a batch from its row and totals; `pace` is seconds of audio per second of wall-clock time."""
    told = tally(totals)
    state = _state(DesiredState(row["wish"]), told.counts)
    is_read = state is BatchState.RUNNING and told.counts["queued"] + told.counts["running"] > 0
    is_timed = pace and is_read and told.remaining_seconds is not None
    return Batch(
        id=row["id"],
        name=row["name"],
        created_at=row["created_at"],
        state=state,
        counts=told.counts,
        seconds_total=told.seconds_total,
        seconds_done=told.seconds_done,
        progress=told.progress,
        eta_seconds=(told.remaining_seconds or 0.0) / pace if is_timed and pace else None,
        options=TranscriptionOptions.from_dict(row["options"]),
        revision=row["revision"],
    )


def item_from(row: Row) -> BatchItem:
    """Build an item from its row joined with its transcription."""
    state = ItemState(row["state"])
    error = row["error"] or (row["job_error"] if state in (ItemState.FAILED, ItemState.DUPLICATE) else None)
    problem = Problem.from_dict(error) if error else None
    is_orphan = state is ItemState.DUPLICATE and row["told_id"] is None
    return BatchItem(
        id=row["id"],
        position=row["position"],
        name=row["name"],
        size_bytes=row["size_bytes"],
        state=state,
        progress=_progress(row, state),
        duration=row["duration"],
        transcription_id=row["transcription_id"],
        duplicate_of=None if is_orphan else row["duplicate_of"],
        error=OriginalDeleted().problem if is_orphan else problem,
        text=row["text"] or "",
    )


def tally(totals: Iterable[Mapping[str, Any]]) -> Tally:
    """Add up the totals of all states."""
    rows = {ItemState(row["state"]): row for row in totals}
    counts = {state.value: rows[state]["count"] if state in rows else 0 for state in SHOWN}
    counts["total"] = sum(counts.values())
    ended = [row for state, row in rows.items() if state in ENDED]
    still_open = [row for state, row in rows.items() if state not in ENDED]
    return Tally(
        counts=counts,
        seconds_total=_sum(rows.values(), "seconds"),
        seconds_done=_sum(ended, "seconds") + _sum(still_open, "seconds_done"),
        progress=_done_of(ended, still_open, counts),
        remaining_seconds=_remaining(list(rows.values()), still_open),
    )


def _state(wish: DesiredState, counts: Mapping[str, int]) -> BatchState:
    waiting = counts["uploading"] + counts["queued"]
    if wish is DesiredState.CANCEL and not waiting:  # unless an item was retried since
        return BatchState.CANCELLED
    if counts["total"] and not waiting + counts["running"]:
        return BatchState.DONE
    return BatchState.PAUSED if wish is DesiredState.PAUSE else BatchState.RUNNING


def _done_of(ended: list[Mapping[str, Any]], still_open: list[Mapping[str, Any]], counts: Any) -> float:
    if not still_open:
        return 1.0 if counts["total"] else 0.0
    done = _sum(ended, "size_bytes") + sum(_bytes_done(row) for row in still_open)
    total = _sum([*ended, *still_open], "size_bytes")
    return min(done / total, 0.999) if total else 0.0


def _bytes_done(row: Mapping[str, Any]) -> float:
    return row["known_bytes"] * row["seconds_done"] / row["seconds"] if row["seconds"] else 0.0


def _remaining(rows: list[Mapping[str, Any]], still_open: list[Mapping[str, Any]]) -> float | None:
    """Estimate undecoded recordings by the seconds per byte of the decoded ones."""
    known_bytes = _sum(rows, "known_bytes")
    unread_bytes = _sum(still_open, "size_bytes") - _sum(still_open, "known_bytes")
    if unread_bytes and not known_bytes:
        return None
    unread = unread_bytes * _sum(rows, "seconds") / known_bytes if unread_bytes else 0.0
    return max(0.0, _sum(still_open, "seconds") - _sum(still_open, "seconds_done") + unread)


def _progress(row: Row, state: ItemState) -> float:
    if state is ItemState.UPLOADING:
        return row["received_bytes"] / row["size_bytes"] if row["size_bytes"] else 0.0
    if state in (ItemState.SUCCEEDED, ItemState.DUPLICATE):
        return 1.0
    return min(1.0, row["seconds_done"] / row["seconds"]) if row["seconds"] else 0.0


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> float:
    return float(sum(row[name] for row in rows))
