"""REST: send a recording, follow it, read it, keep house. Every rule lives in the queue."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response, status

from app.domain.errors.base import N_
from app.domain.errors.models import ModelAbsent, ModelNotForRecognition, ModelUnknown
from app.domain.errors.people import QuotaReached
from app.domain.errors.requests import InvalidParameter, RequestTooLarge, UnknownLanguage
from app.domain.errors.transcriptions import AudioGone, NotCancellable, NotRetriable, TranscriptionNotFound
from app.domain.errors.uploads import DiskFull, EmptyFile, NoFile, UploadInterrupted, UploadTooLarge
from app.domain.errors.webhooks import WebhookAddressRefused
from app.domain.sources import Source
from app.services.transcriptions.channel_names import name_channels
from app.services.transcriptions.retranscribe import sibling_transcriptions
from app.web.answers.history import Cursor, Limit, WantedDep, page_answer, place_of
from app.web.answers.transcriptions import full_answer
from app.web.dependencies import HistoryDep, QueueDep, ServicesDep, TranscriptionId, TranslateDep
from app.web.forms.file_names import clean_name
from app.web.forms.recording import WEBHOOK_URL, JobForm, fill, form_properties
from app.web.openapi import errors
from app.web.pools import FILES
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.history import TranscriptionPage
from app.web.schemas.transcriptions import Rename, TranscriptionAnswer

router = ApiRouter(prefix="/transcriptions", tags=["transcriptions"])

UPLOAD_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "One recording: sound or a video with sound, in any common format.",
                    },
                    **form_properties(),
                    WEBHOOK_URL: {
                        "type": "string",
                        "description": "An http or https address that is told when the job has ended; see Webhooks.",
                    },
                },
            },
            "example": {"file": "(bytes of meeting.mp3)", "language": "zh", "hotwords": "转写", "itn": True},
        }
    },
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra={"requestBody": UPLOAD_FORM},
    response_description="The recording is on the disk and waits for its turn.",
    responses=errors(
        UploadInterrupted,
        UploadTooLarge,
        NoFile,
        EmptyFile,
        UnknownLanguage,
        InvalidParameter,
        ModelUnknown,
        ModelAbsent,
        ModelNotForRecognition,
        WebhookAddressRefused,
        DiskFull,
        QuotaReached,
        changes=True,
    ),
)
async def create_transcription(
    request: Request, response: Response, services: ServicesDep, translate: TranslateDep
) -> TranscriptionAnswer:
    """Send a recording. It is acknowledged when it is safely on the disk; the text follows."""
    queue = services.queue
    limit_bytes = services.settings.max_upload_bytes
    with JobForm(queue, limit_bytes, services.default_options) as form:
        await fill(form, request, limit_bytes)
        if form.options.model:
            await FILES.run(services.models.recognising_folder, form.options.model)
        beside = await FILES.run(services.webhooks.named_by_upload, form.webhook_url) if form.webhook_url else None
        record = await FILES.run(queue.submit, form.file, form.options, source_of(request), beside)
    response.headers["location"] = str(request.url_for("get_transcription", id=record.id).path)
    return full_answer(record, [], translate)


@router.get("", responses=errors(InvalidParameter))
def list_transcriptions(
    wanted: WantedDep,
    history: HistoryDep,
    translate: TranslateDep,
    limit: Limit = 50,
    before: Annotated[Cursor, Query(description="`older` of the page before: quick at any depth.")] = "",
    after: Annotated[Cursor, Query(description="`newer` of the page behind.")] = "",
    offset: Annotated[int, Query(ge=0, le=2**31, description="Items to skip; slow where they are many.")] = 0,
) -> TranscriptionPage:
    """List transcriptions, newest first, with the beginnings of their texts and the places where words were found."""
    found = history.page(wanted, limit, before=place_of(before), after=place_of(after), offset=offset)
    return page_answer(found, limit, offset, translate)


@router.get("/{id}", responses=errors(TranscriptionNotFound))
def get_transcription(
    id: TranscriptionId,
    queue: QueueDep,
    translate: TranslateDep,
    words: Annotated[bool, Query(description="Whether the segments list their words.")] = True,
) -> TranscriptionAnswer:
    """Read one transcription with its whole text, its segments and its receipt."""
    record = queue.get(id)
    needs_words = words or bool(record.options.hotwords)  # they tell where those were heard
    segments = queue.segments(id, with_words=needs_words)
    return full_answer(record, segments, translate, sibling_transcriptions(queue, record))


@router.patch(
    "/{id}",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(TranscriptionNotFound, InvalidParameter, RequestTooLarge, changes=True),
)
def rename_transcription(
    id: TranscriptionId, change: Rename, queue: QueueDep, translate: TranslateDep
) -> TranscriptionAnswer:
    """Give the recording another name, or say who speaks on its channels."""
    name = None if change.name is None else clean_name(change.name)
    if name == "" or (name is None and change.channel_names is None):
        raise InvalidParameter(name="name", reason=N_("it is empty"))
    if change.channel_names is not None:
        name_channels(queue, id, change.channel_names)
    return full_answer(queue.rename(id, name) if name else queue.get(id), queue.segments(id), translate)


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(TranscriptionNotFound, changes=True))
def delete_transcription(id: TranscriptionId, queue: QueueDep) -> None:
    """Put a transcription in the trash, from where it can come back as it was. A job that waits or runs is cancelled."""
    queue.delete(id)


@router.post("/{id}/cancel", responses=errors(TranscriptionNotFound, NotCancellable, changes=True))
def cancel_transcription(id: TranscriptionId, queue: QueueDep, translate: TranslateDep) -> TranscriptionAnswer:
    """Stop a queued or running job; what was recognised is kept. A running job ends after its current segment."""
    return full_answer(queue.cancel(id), queue.segments(id), translate)


@router.post("/{id}/retry", responses=errors(TranscriptionNotFound, NotRetriable, AudioGone, changes=True))
def retry_transcription(id: TranscriptionId, queue: QueueDep, translate: TranslateDep) -> TranscriptionAnswer:
    """Queue a failed or cancelled job again; finished segments are not done twice."""
    return full_answer(queue.retry(id), queue.segments(id), translate)


def source_of(request: Request) -> str:
    """Tell a person's browser from a program: only browsers send these headers with a form."""
    is_browser = "sec-fetch-site" in request.headers or "origin" in request.headers
    return Source.PAGE if is_browser else Source.API
