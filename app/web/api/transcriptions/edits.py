"""REST: put the text of a transcription right by hand. What was recognised is kept, and one call away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Query

from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.transcriptions import EditConflict, NotFinished, TranscriptionNotFound
from app.domain.errors.uploads import DiskFull
from app.services.speaker_paragraphs import part_by_speaker
from app.services.transcriptions.edits import Change, Draft, change_text, edited_text, restore_text
from app.web.answers.transcriptions import segment_answer
from app.web.dependencies import QueueDep, TranscriptionId, TranslateDep
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.edits import (
    EditAnswer,
    EditRequest,
    EditsAnswer,
    PieceAnswer,
    PieceDraft,
    SegmentsAnswer,
)
from app.web.schemas.transcriptions import WordAnswer

if TYPE_CHECKING:
    from app.domain.edits import Edit, EditedText, Piece
    from app.web.schemas.edits import EditChange

router = ApiRouter(prefix="/transcriptions/{id}", tags=["transcriptions"])

MOST_SEGMENTS = 200  # read at once

First = Annotated[int, Query(ge=0, le=2**31, description="Index of the first segment.")]
Last = Annotated[int | None, Query(ge=0, le=2**31, description="Index of the last segment.")]


@router.get("/segments", responses=errors(TranscriptionNotFound, InvalidParameter))
def read_segments(
    id: TranscriptionId, queue: QueueDep, translate: TranslateDep, first: First = 0, last: Last = None
) -> SegmentsAnswer:
    """Read up to 200 segments with their words, as they were recognised: a page shows a long text by and by."""
    until = first + MOST_SEGMENTS - 1
    found = queue.some_segments(id, first, until if last is None else min(last, until))
    return SegmentsAnswer(segments=[segment_answer(segment, translate) for segment in found])


@router.get("/edits", responses=errors(TranscriptionNotFound, InvalidParameter))
def get_edits(
    id: TranscriptionId,
    queue: QueueDep,
    first: First = 0,
    last: Last = None,
    words: Annotated[bool, Query(description="Whether the pieces list their words.")] = True,
) -> EditsAnswer:
    """Read what was changed by hand; every segment that no edit names is as it was recognised."""
    return _answer(edited_text(queue, id, first, last), with_words=words)


@router.patch(
    "/edits",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        TranscriptionNotFound,
        NotFinished,
        EditConflict,
        InvalidParameter,
        RequestTooLarge,
        DiskFull,
        changes=True,
    ),
)
def change_edits(id: TranscriptionId, wanted: EditRequest, queue: QueueDep) -> EditsAnswer:
    """Change, split and merge segments; the answer holds what was changed. Exports and searches use the new text.

    The request names the revision that it began from. Where somebody else has saved since, nothing is changed.
    """
    changes = [_change(change) for change in wanted.changes]
    return _answer(change_text(queue, id, wanted.revision, changes), with_words=True)


@router.post("/edits/by-speaker", responses=errors(TranscriptionNotFound, EditConflict, DiskFull, changes=True))
def part_paragraphs(id: TranscriptionId, queue: QueueDep) -> EditsAnswer:
    """Cut every paragraph in which the speaker changes; the answer holds what was cut, or nothing new."""
    return _answer(part_by_speaker(queue, id), with_words=False)


@router.delete("/edits", responses=errors(TranscriptionNotFound, NotFinished, EditConflict, DiskFull, changes=True))
def delete_edits(
    id: TranscriptionId,
    queue: QueueDep,
    revision: Annotated[int, Query(ge=0, description="The one that was read.")],
) -> EditsAnswer:
    """Let the whole text be as it was recognised."""
    return _answer(restore_text(queue, id, revision), with_words=True)


def _change(change: EditChange) -> Change:
    return Change(change.first, change.last, tuple(_draft(piece) for piece in change.pieces))


def _draft(piece: PieceDraft) -> Draft:
    text = " ".join(piece.text.replace("\0", " ").split())
    return Draft(text, piece.start, piece.end)


def _answer(text: EditedText, *, with_words: bool) -> EditsAnswer:
    edits = [_edit(edit, with_words=with_words) for edit in text.edits]
    return EditsAnswer(revision=text.revision, edited_at=text.edited_at, edits=edits)


def _edit(edit: Edit, *, with_words: bool) -> EditAnswer:
    pieces = [_piece(piece, with_words=with_words) for piece in edit.pieces]
    return EditAnswer(first=edit.first, last=edit.last, pieces=pieces)


def _piece(piece: Piece, *, with_words: bool) -> PieceAnswer:
    return PieceAnswer(
        start=round(piece.start, 3),
        end=round(piece.end, 3),
        text=piece.text,
        text_raw=piece.text_raw,
        words=[WordAnswer(**word.to_dict()) for word in piece.words] if with_words else [],
    )
