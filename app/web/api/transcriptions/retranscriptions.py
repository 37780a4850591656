"""REST: have a recording recognised once more, otherwise than the first time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi import Request, Response, status

from app.domain.errors import (
    AudioGone,
    DiskFull,
    InvalidParameter,
    ModelAbsent,
    ModelNotForRecognition,
    ModelUnknown,
    RequestTooLarge,
    TranscriptionNotFound,
    UnknownLanguage,
)
from app.domain.hotwords import parse_hotwords
from app.services.transcriptions.retranscribe import readings, recognise_again
from app.web.answers.transcriptions import full_answer
from app.web.api.routers import ApiRouter
from app.web.api.transcriptions.transcriptions import source_of
from app.web.dependencies import ModelsDep, QueueDep, TranscriptionId, TranslateDep
from app.web.errors import LARGEST_FORM_BYTES
from app.web.forms.fields import parse_channels, parse_language, parse_quality, read_hotwords
from app.web.openapi import errors
from app.web.schemas.transcriptions import Again, TranscriptionAnswer

if TYPE_CHECKING:
    from app.domain.hotwords import Hotword
    from app.services.transcriptions.job_queue import JobOptions

router = ApiRouter(prefix="/transcriptions/{id}", tags=["transcriptions"])


@router.post(
    "/again",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    response_description="A new transcription of the same recording waits for its turn.",
    responses=errors(
        TranscriptionNotFound,
        AudioGone,
        UnknownLanguage,
        InvalidParameter,
        ModelUnknown,
        ModelAbsent,
        ModelNotForRecognition,
        RequestTooLarge,
        DiskFull,
        changes=True,
    ),
)
def recognise_transcription_again(
    id: TranscriptionId,
    change: Again,
    request: Request,
    response: Response,
    queue: QueueDep,
    models: ModelsDep,
    translate: TranslateDep,
) -> TranscriptionAnswer:
    """Recognise the same recording once more, with other options; what is left out is as it was.

    The first transcription stays as it is. Both know each other: `again_of` and `readings`.
    """
    options = _changed(queue.get(id).options, change)
    if options.model:
        models.recognising_folder(options.model)
    record = recognise_again(queue, id, options, source_of(request))
    response.headers["location"] = str(request.url_for("get_transcription", id=record.id).path)
    return full_answer(record, [], translate, readings(queue, record))


def _changed(options: JobOptions, change: Again) -> JobOptions:
    return replace(
        options,
        language=options.language if change.language is None else parse_language(change.language),
        quality=options.quality if change.quality is None else parse_quality(change.quality),
        hotwords=options.hotwords if change.hotwords is None else _hotwords(change.hotwords),
        itn=options.itn if change.itn is None else change.itn,
        punctuation=options.punctuation if change.punctuation is None else change.punctuation,
        channels=options.channels if change.channels is None else parse_channels(change.channels),
        model=options.model if change.model is None else change.model,
    )


def _hotwords(given: str | list[str]) -> tuple[Hotword, ...]:
    return read_hotwords(given) if isinstance(given, str) else parse_hotwords(given)
