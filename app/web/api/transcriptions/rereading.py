"""REST: stretches of a transcription read once more, with other options, beside what is there."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors.inference import EngineCallsFull, InferenceUnavailable, SegmentsFailed
from app.domain.errors.models import ModelAbsent, ModelNotForRecognition, ModelUnknown
from app.domain.errors.requests import InvalidParameter, RequestTooLarge, UnknownLanguage
from app.domain.errors.transcriptions import AudioGone, NotFinished, RecognitionElsewhere, TranscriptionNotFound
from app.services.options import OptionsPatch
from app.services.rereading.stretches import MOST_STRETCHES, Stretch
from app.web.dependencies import ServicesDep, TranscriptionId
from app.web.openapi import errors
from app.web.pools import ENGINE_CALLS
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.base import RequestBody

router = ApiRouter(prefix="/transcriptions/{id}/reread", tags=["transcriptions"])


class StretchToRead(RequestBody):
    """A part of the recording."""

    start: float = Field(ge=0, description="Seconds from the beginning.", examples=[12.4])
    end: float = Field(gt=0, description="At most 60 seconds later.", examples=[18.0])
    channel: int | None = Field(
        default=None, ge=1, description="Counted from 1, where the channels were read apart.", examples=[None]
    )


class Rereading(RequestBody):
    """What is to be read once more, and how."""

    stretches: list[StretchToRead] = Field(min_length=1, max_length=MOST_STRETCHES)
    options: OptionsPatch = Field(
        default_factory=OptionsPatch, description="What is to be different from the first reading."
    )


class RereadStretch(BaseModel):
    """What was heard there this time."""

    model_config = ConfigDict(from_attributes=True)

    text: str = Field(examples=["我们用FunASR。"])
    text_raw: str = Field(examples=["我们用 fun a s r"])
    confidence: float | None = Field(description="0 to 1.", examples=[0.91])


class RereadAnswer(BaseModel):
    """The stretches in the order in which they were asked for."""

    stretches: list[RereadStretch]


@router.post(
    "",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        TranscriptionNotFound,
        NotFinished,
        AudioGone,
        UnknownLanguage,
        InvalidParameter,
        ModelUnknown,
        ModelAbsent,
        ModelNotForRecognition,
        RecognitionElsewhere,
        InferenceUnavailable,
        SegmentsFailed,
        EngineCallsFull,
        RequestTooLarge,
        changes=True,
    ),
)
@ENGINE_CALLS.route
def reread_stretches(id: TranscriptionId, body: Rereading, services: ServicesDep) -> RereadAnswer:
    """Read stretches once more, with another language, quality, model or hotwords, and wait for it. Nothing is stored."""
    options = body.options.apply(services.queue.get(id).options)
    if options.model:
        services.models.recognising_folder(options.model)
    stretches = [Stretch(each.start, each.end, each.channel) for each in body.stretches]
    found = services.rereader.read(id, stretches, options)
    return RereadAnswer(stretches=[RereadStretch.model_validate(each) for each in found])
