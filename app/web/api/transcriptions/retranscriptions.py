"""REST: have a recording recognised once more, otherwise than the first time."""

from __future__ import annotations

from fastapi import Request, Response, status

from app.domain.errors.models import ModelAbsent, ModelNotForRecognition, ModelUnknown
from app.domain.errors.people import QuotaReached
from app.domain.errors.requests import InvalidParameter, RequestTooLarge, UnknownLanguage
from app.domain.errors.transcriptions import AudioGone, TranscriptionNotFound
from app.domain.errors.uploads import DiskFull
from app.services.options import OptionsPatch
from app.services.transcriptions.retranscribe import retranscribe, sibling_transcriptions
from app.web.answers.transcriptions import full_answer
from app.web.api.transcriptions.transcriptions import source_of
from app.web.dependencies import ModelsDep, QueueDep, TranscriptionId, TranslateDep
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.transcriptions import TranscriptionAnswer

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
        QuotaReached,
        changes=True,
    ),
)
def recognise_transcription_again(
    id: TranscriptionId,
    change: OptionsPatch,
    request: Request,
    response: Response,
    queue: QueueDep,
    models: ModelsDep,
    translate: TranslateDep,
) -> TranscriptionAnswer:
    """Recognise the same recording once more, with other options; what is left out is as it was.

    The first transcription stays as it is. Both know each other: `again_of` and `readings`.
    """
    options = change.apply(queue.get(id).options)
    if options.model:
        models.recognising_folder(options.model)
    record = retranscribe(queue, id, options, source_of(request))
    response.headers["location"] = str(request.url_for("get_transcription", id=record.id).path)
    return full_answer(record, [], translate, sibling_transcriptions(queue, record))
