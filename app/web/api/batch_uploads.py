"""REST: files sent in pieces, so that a line that breaks costs a few seconds and never a file.

Announce a file, send what the answer's offset says is missing, ask for the offset after a break, send the rest.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Request, status

from app.domain.errors.batches import BatchNotFound
from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.uploads import (
    DiskFull,
    UploadInterrupted,
    UploadNotFound,
    UploadOffsetConflict,
    UploadTooLarge,
)
from app.services.batches.upload_chunks import UploadChunk
from app.web.api.batches import BatchId
from app.web.dependencies import ServicesDep
from app.web.forms.file_names import clean_path
from app.web.forms.recording import FEED_BYTES, chunks
from app.web.openapi import errors
from app.web.pools import FILES
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.batches import NewUpload, UploadAnswer

SLICE_TYPE = "application/offset+octet-stream"

batch_router = ApiRouter(prefix="/batches/{id}/uploads", tags=["batches"])
router = ApiRouter(prefix="/uploads", tags=["batches"])

UploadId = Annotated[str, Path(description="Id of the upload.", examples=["9b1a44d0e15f0c2e"])]
SLICE_BODY = {
    "required": True,
    "content": {SLICE_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "(bytes)"}},
}


@batch_router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(BatchNotFound, UploadTooLarge, InvalidParameter, RequestTooLarge, changes=True),
)
def announce_upload(id: BatchId, wanted: NewUpload, services: ServicesDep) -> UploadAnswer:
    """Say which file is going to be sent. The same one again goes on where it stopped, also days later."""
    name = clean_path(wanted.path or wanted.name)
    upload = services.uploads.announce(id, name, wanted.size_bytes, wanted.modified_ms)
    return UploadAnswer(id=upload.id, offset=upload.offset)


@router.get("/{id}", responses=errors(UploadNotFound))
def get_upload(id: UploadId, services: ServicesDep) -> UploadAnswer:
    """Ask what is on the disk, after a connection broke; what still comes over the old one is refused."""
    upload = services.uploads.offset(id)
    return UploadAnswer(id=upload.id, offset=upload.offset)


@router.patch(
    "/{id}",
    openapi_extra={"requestBody": SLICE_BODY},
    responses=errors(UploadNotFound, UploadOffsetConflict, UploadInterrupted, InvalidParameter, DiskFull, changes=True),
)
async def send_slice(
    id: UploadId,
    request: Request,
    services: ServicesDep,
    upload_offset: Annotated[
        int, Header(ge=0, lt=2**53, description="Byte of the file that the body begins with.", examples=[0])
    ],
) -> UploadAnswer:
    """Send a piece of any length. What the answer's offset counts is on the disk; the last one queues the file."""
    batch_uploads = services.uploads
    piece = batch_uploads.slice(id, upload_offset)
    begun = await FILES.run(piece.__enter__)
    try:
        await _receive(request, begun)
    finally:  # also of a broken connection: what came is kept
        await FILES.run(piece.__exit__, None, None, None)
    if begun.is_complete:
        await FILES.run(batch_uploads.take_in, id)
    return UploadAnswer(id=id, offset=begun.received_bytes)


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(UploadNotFound, changes=True))
def give_up_upload(id: UploadId, services: ServicesDep) -> None:
    """Take a file from the list of its batch that has no transcription: one on its way, refused, or a duplicate."""
    services.uploads.give_up(id)


async def _receive(request: Request, begun: UploadChunk) -> None:
    waiting = b""
    try:
        async for chunk in chunks(request):
            waiting += chunk
            if len(waiting) >= FEED_BYTES or not chunk:
                ready, waiting = waiting, b""
                await FILES.run(begun.write, ready)
    except UploadInterrupted:
        await FILES.run(begun.write, waiting)
        raise
