"""REST: batches of recordings. Every rule lives in the jobs layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

from fastapi import Path, Query, Response, status

from app.domain.errors.base import N_
from app.domain.errors.batches import BatchNotFound, FolderNotAllowed, FolderWithoutRecordings, ImportOff
from app.domain.errors.requests import InvalidParameter, RequestTooLarge, UnknownFormat, UnknownLanguage
from app.formats.archive import ARCHIVE_FORMATS
from app.services.batches.batches import ItemState
from app.services.batches.exports import batch_members
from app.services.batches.item_changes import change_items
from app.services.batches.server_folder import recordings_below
from app.web.answers.transcriptions import options_answer, problem_answer
from app.web.api.exports import ARCHIVE_CONTENT, ReaderDep, StyleDep, archive_response
from app.web.dependencies import ServicesDep, TranslateDep
from app.web.forms.file_names import clean_name
from app.web.openapi import errors
from app.web.pools import reads_slowly
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.batches import (
    LARGEST_LIST,
    BatchAnswer,
    BatchCounts,
    BatchItemAnswer,
    BatchItemList,
    BatchList,
    ItemsChange,
    ItemsChanged,
    NewBatch,
    NewOrder,
    ServerFolder,
)

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.services.batches.batches import Batch, BatchItem

router = ApiRouter(prefix="/batches", tags=["batches"])

BatchId = Annotated[str, Path(description="Id of the batch.", examples=["5f0c2e9b1a44d0e1"])]
State = Literal["uploading", "queued", "running", "succeeded", "failed", "cancelled", "duplicate"]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(UnknownLanguage, InvalidParameter, RequestTooLarge, changes=True),
)
def create_batch(wanted: NewBatch, services: ServicesDep) -> BatchAnswer:
    """Begin a batch; then announce its files, or name a folder of the server."""
    name = clean_name(wanted.name)
    if not name:
        raise InvalidParameter(name="name", reason=N_("it is empty"))
    options = wanted.options.apply(services.default_options)
    return batch_answer(services.batches.create(name, options))


@router.get("", responses=errors(InvalidParameter))
def list_batches(
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=200, description="Most items to return.")] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31, description="Items to skip.")] = 0,
) -> BatchList:
    """List batches, the newest first."""
    page = services.batches.page(limit, offset)
    return BatchList(items=[batch_answer(batch) for batch in page.items], total=page.total)


@router.get("/{id}", responses=errors(BatchNotFound))
def get_batch(id: BatchId, services: ServicesDep) -> BatchAnswer:
    """See how far a batch is."""
    return batch_answer(services.batches.get(id))


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(BatchNotFound, changes=True))
def delete_batch(id: BatchId, services: ServicesDep) -> None:
    """Remove a batch. Its transcriptions go to the trash, except those that another batch leads to."""
    services.batches.delete(id)


@router.post("/{id}/pause", responses=errors(BatchNotFound, changes=True))
def pause_batch(id: BatchId, services: ServicesDep) -> BatchAnswer:
    """Let nothing more be read; what is being read stops after its segment. Files may still be sent."""
    return batch_answer(services.batches.pause(id))


@router.post("/{id}/resume", responses=errors(BatchNotFound, changes=True))
def resume_batch(id: BatchId, services: ServicesDep) -> BatchAnswer:
    """Go on with a paused batch."""
    return batch_answer(services.batches.resume(id))


@router.post("/{id}/cancel", responses=errors(BatchNotFound, changes=True))
def cancel_batch(id: BatchId, services: ServicesDep) -> BatchAnswer:
    """End what waits, is being read or is on its way; what is finished stays."""
    return batch_answer(services.batches.cancel(id))


@router.post("/{id}/retry", responses=errors(BatchNotFound, changes=True))
def retry_batch(id: BatchId, services: ServicesDep) -> BatchAnswer:
    """Queue what failed or was cancelled again; finished segments are not done twice."""
    return batch_answer(services.batches.retry(id))


@router.post(
    "/{id}/order",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(BatchNotFound, InvalidParameter, RequestTooLarge, changes=True),
)
def order_batch(id: BatchId, wanted: NewOrder, services: ServicesDep) -> BatchAnswer:
    """Move recordings in the list; those that wait are read in its order."""
    return batch_answer(services.batches.order(id, wanted.positions, wanted.before))


@router.post(
    "/{id}/folder",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        BatchNotFound,
        ImportOff,
        FolderNotAllowed,
        FolderWithoutRecordings,
        InvalidParameter,
        RequestTooLarge,
        changes=True,
    ),
)
def add_server_folder(id: BatchId, folder: ServerFolder, services: ServicesDep) -> BatchAnswer:
    """Add the recordings of a folder on the server, and of its subfolders; they are copied in the background."""
    root = services.settings.import_root
    if root is None:
        raise ImportOff
    services.batches.get(id)
    services.uploads.add_files(id, recordings_below(root, folder.path))
    services.importer.call()
    return batch_answer(services.batches.get(id))


@router.get("/{id}/items", responses=errors(BatchNotFound, InvalidParameter))
def list_batch_items(
    id: BatchId,
    services: ServicesDep,
    translate: TranslateDep,
    wanted: Annotated[State | None, Query(alias="state", description="Only this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIST, description="Most items to return.")] = 50,
    offset: Annotated[int, Query(ge=0, le=2**31, description="Items to skip.")] = 0,
) -> BatchItemList:
    """List the recordings of a batch in their order, with the beginnings of their texts."""
    page = services.batches.items(id, ItemState(wanted) if wanted else None, limit, offset)
    return BatchItemList(items=[_item_answer(item, translate) for item in page.items], total=page.total)


@router.post(
    "/{id}/items",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(BatchNotFound, InvalidParameter, RequestTooLarge, changes=True),
)
def change_batch_items(id: BatchId, wanted: ItemsChange, services: ServicesDep) -> ItemsChanged:
    """Cancel, try again or remove many recordings at once; what an action does not apply to stays as it is."""
    changed = change_items(services.uploads, id, wanted.action, wanted.ids)
    return ItemsChanged(changed=changed, batch=batch_answer(services.batches.get(id)))


@router.get(
    "/{id}/export",
    response_class=Response,
    responses=ARCHIVE_CONTENT | errors(BatchNotFound, UnknownFormat, InvalidParameter),
)
@reads_slowly
def export_batch(
    id: BatchId,
    services: ServicesDep,
    translate: TranslateDep,
    reader: ReaderDep,
    style: StyleDep,
    format: Annotated[str, Query(description="One of: " + ", ".join(ARCHIVE_FORMATS), examples=["srt"])] = "csv",
) -> Response:
    """Take the texts away: a table, a list, or a zip with a file for each one that is finished so far."""
    batch = services.batches.get(id)
    has_all = format in ("csv", "json")
    members = batch_members(services.queue, services.batches, id, translate, with_textless=has_all)
    return archive_response(members, format, batch.name, reader, style)


def batch_answer(batch: Batch) -> BatchAnswer:
    return BatchAnswer(
        id=batch.id,
        name=batch.name,
        created_at=batch.created_at,
        state=batch.state.value,
        counts=BatchCounts(**batch.counts),
        seconds_total=round(batch.seconds_total, 3),
        seconds_done=round(batch.seconds_done, 3),
        progress=round(batch.progress, 4),
        eta_seconds=None if batch.eta_seconds is None else round(batch.eta_seconds, 1),
        options=options_answer(batch.options),
        revision=batch.revision,
    )


def _item_answer(item: BatchItem, translate: Translate) -> BatchItemAnswer:
    return BatchItemAnswer(
        id=item.id,
        position=item.position,
        name=item.name,
        size_bytes=item.size_bytes,
        state=cast("State", item.state.value),  # what is removed is not listed
        progress=round(item.progress, 4),
        duration=item.duration,
        transcription_id=item.transcription_id,
        duplicate_of=item.duplicate_of,
        error=problem_answer(item.error, translate),
        text=item.text,
    )
