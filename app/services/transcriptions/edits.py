"""Manual edits: every change is on disk before it is acknowledged, and none overwrites another person's.

A change names the revision it is based on; if that is not the latest, nothing is changed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.domain.edit_timing import Draft, place
from app.domain.edits import Edit, EditedText, edit_from
from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import EditConflict, NotFinished
from app.domain.states import JobState, SegmentState
from app.domain.transcript import Segment, join_texts
from app.logging import event
from app.services.transcription_rows import correctable_row, found
from app.services.transcriptions.job_queue import Queue
from app.store.queries import edits, segments, transcriptions
from app.store.rows import segment_from

if TYPE_CHECKING:
    from app.store.database import Connection, Row

__all__ = ["Change", "Draft", "change_text", "edited_text", "restore_text"]

OPEN = (JobState.QUEUED, JobState.RUNNING)
LONGEST_STRETCH = 60  # segments that one edit may replace, and pieces it may consist of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """The replacement for some consecutive segments."""

    first: int
    last: int
    pieces: tuple[Draft, ...]
    """Empty restores the recognised text."""


def edited_text(queue: Queue, id: str, first: int = 0, last: int | None = None) -> EditedText:
    """Return the manual edits of the segments from `first` to `last`.

    Raises:
        TranscriptionNotFound
    """
    with queue.database.reading() as connection:
        row = found(connection, id)
        return _edited(row["edit_revision"], edits.of(connection, id, first, last))


def change_text(queue: Queue, id: str, revision: int, changes: Sequence[Change]) -> EditedText:
    """Apply `changes`, all or none, and return the resulting edits.

    Raises:
        TranscriptionNotFound
        NotFinished: one of the segments has not been recognised yet; the others can be changed while the rest is read.
        EditConflict: somebody else has changed the text after `revision`.
        InvalidParameter: a change cuts through another edit, or its times or indexes do not fit.
        DiskFull
    """
    with queue.database.reading() as connection:
        row = _checked(connection, id, revision)
        there = _segments(connection, id, changes, row["state"])
    placed = [_placed(there, change, row["duration"] or 0.0) for change in changes]
    now = datetime.now(UTC)
    with queue.database.writing() as connection:
        _checked(connection, id, revision)
        for edit in placed:
            _refuse_cut(edits.borders(connection, id, edit.first, edit.last), edit)
            pieces = [piece.to_dict() for piece in edit.pieces]
            edits.replace(connection, id, edit.first, edit.last, pieces, now)
        latest = _keep_in_step(connection, id)
    event(_log, logging.INFO, "text_edited", job=id, revision=latest, stretches=len(placed))
    return EditedText(latest, now, tuple(placed))


def restore_text(queue: Queue, id: str, revision: int) -> EditedText:
    """Discard all edits and restore the recognised text.

    Raises:
        TranscriptionNotFound
        NotPermitted: it is shared to be read, not corrected.
        EditConflict: somebody else has changed the text after `revision`.
        DiskFull
    """
    with queue.database.writing() as connection:
        _checked(connection, id, revision)
        edits.clear(connection, id)
        latest = _keep_in_step(connection, id)
    event(_log, logging.INFO, "text_restored", job=id, revision=latest)
    return EditedText(latest, None, ())


# Internal


def _checked(connection: Connection, id: str, revision: int) -> Row:
    row = correctable_row(connection, id)
    if row["edit_revision"] != revision:
        raise EditConflict(current=row["edit_revision"], sent=revision)
    return row


def _segments(connection: Connection, id: str, changes: Sequence[Change], state: str) -> dict[int, Segment]:
    """Return the segments of all changes by index, read in one query."""
    for change in changes:
        if not 0 <= change.first <= change.last < change.first + LONGEST_STRETCH:
            raise InvalidParameter(name="first", reason=N_("at most 60 segments can be replaced at once"))
    first = min((change.first for change in changes), default=0)
    last = max((change.last for change in changes), default=-1)
    rows = segments.between(connection, id, first, last)
    read: dict[int, Segment] = {row["index"]: segment_from(row) for row in rows if row["state"] != SegmentState.PENDING}
    wanted = (index for change in changes for index in range(change.first, change.last + 1))
    if state in OPEN and not all(index in read for index in wanted):
        raise NotFinished(state=state)
    return read


def _placed(there: Mapping[int, Segment], change: Change, duration: float) -> Edit:
    if len(change.pieces) > LONGEST_STRETCH:
        raise InvalidParameter(name="pieces", reason=N_("there are more than 60"))
    indexes = range(change.first, change.last + 1)
    if not all(index in there for index in indexes):
        raise InvalidParameter(name="last", reason=N_("there is no such segment"))
    if not change.pieces:
        return Edit(change.first, change.last, ())
    return Edit(change.first, change.last, place([there[index] for index in indexes], change.pieces, duration))


def _refuse_cut(there: Sequence[tuple[int, int]], edit: Edit) -> None:
    if any(first < edit.first or last > edit.last for first, last in there):
        raise InvalidParameter(name="first", reason=N_("an edited stretch cannot be replaced in part"))


def _keep_in_step(connection: Connection, id: str) -> int:
    """Update the listed and searched text to the edited one, unless its end does that; return its revision."""
    revision = edits.count_change(connection, id)
    if found(connection, id)["state"] in OPEN:
        return revision
    text = join_texts(row["text"] for row in edits.read(connection, id))
    transcriptions.change(connection, id, text=text)
    return revision


def _edited(revision: int, rows: Sequence[Row]) -> EditedText:
    latest = max((row["edited_at"] for row in rows), default=None)
    return EditedText(revision, latest, tuple(edit_from(row) for row in rows))
