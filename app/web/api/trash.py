"""REST: the trash, where what was deleted stays for some days."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Query, status

from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.transcriptions import TranscriptionNotFound
from app.services.transcriptions.history import HistoryFilter
from app.web.answers.history import Cursor, Limit, WantedDep, page_answer, place_of
from app.web.answers.transcriptions import full_answer
from app.web.dependencies import HistoryDep, QueueDep, TranscriptionId, TranslateDep, TrashDep
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.history import CountAnswer, Selection, TranscriptionPage, Undo
from app.web.schemas.transcriptions import TranscriptionAnswer

router = ApiRouter(prefix="/trash", tags=["history"])


@router.get("", responses=errors(InvalidParameter))
def list_trash(
    wanted: WantedDep,
    history: HistoryDep,
    translate: TranslateDep,
    limit: Limit = 50,
    before: Annotated[Cursor, Query(description="`older` of the page before.")] = "",
    after: Annotated[Cursor, Query(description="`newer` of the page behind.")] = "",
) -> TranscriptionPage:
    """List what is in the trash, the latest deletion first."""
    found = history.page(in_trash(wanted), limit, before=place_of(before), after=place_of(after))
    return page_answer(found, limit, 0, translate)


@router.delete("", responses=errors(changes=True))
def empty_trash(trash: TrashDep) -> CountAnswer:
    """Remove everything in the trash for good: recordings, texts and logs. This cannot be undone."""
    return CountAnswer(count=trash.empty())


@router.post("/restore", max_body_size=LARGEST_FORM_BYTES, responses=errors(RequestTooLarge, changes=True))
def restore_selection(selection: Selection, trash: TrashDep) -> CountAnswer:
    """Bring these back as they were. A job that waited or ran when it was deleted stays cancelled."""
    return CountAnswer(count=trash.restore_all(selection.ids))


@router.post("/remove", max_body_size=LARGEST_FORM_BYTES, responses=errors(RequestTooLarge, changes=True))
def remove_selection(selection: Selection, trash: TrashDep) -> CountAnswer:
    """Remove these for good, if they are in the trash. This cannot be undone."""
    return CountAnswer(count=trash.remove(selection.ids))


@router.post("/undo", max_body_size=LARGEST_FORM_BYTES, responses=errors(RequestTooLarge, changes=True))
def undo_deletion(undo: Undo, trash: TrashDep) -> CountAnswer:
    """Bring back all that one deletion put in the trash and that is still there."""
    return CountAnswer(count=trash.undo(undo.undo))


@router.post("/{id}/restore", responses=errors(TranscriptionNotFound, changes=True))
def restore_transcription(
    id: TranscriptionId, trash: TrashDep, queue: QueueDep, translate: TranslateDep
) -> TranscriptionAnswer:
    """Bring one back as it was."""
    return full_answer(trash.restore(id), queue.segments(id), translate)


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(TranscriptionNotFound, changes=True))
def remove_transcription(id: TranscriptionId, trash: TrashDep) -> None:
    """Remove one that is in the trash for good. This cannot be undone."""
    if not trash.remove([id]):
        raise TranscriptionNotFound(id=id)


def in_trash(wanted: HistoryFilter) -> HistoryFilter:
    return replace(wanted, in_trash=True)
