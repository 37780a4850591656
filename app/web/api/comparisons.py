"""REST and pages of comparisons: one recording, read by several models side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query, Request, Response, status

from app.domain.comparisons.comparison import Comparison
from app.domain.errors.models import ModelAbsent, ModelNotForRecognition, ModelUnknown
from app.domain.errors.people import QuotaReached
from app.domain.errors.requests import InvalidParameter, RequestTooLarge, UnknownLanguage
from app.domain.errors.transcriptions import AudioGone, ComparisonNotFound, TranscriptionNotFound
from app.domain.errors.uploads import DiskFull, EmptyFile, NoFile, UploadInterrupted, UploadTooLarge
from app.domain.languages import AUTO, LANGUAGES
from app.web.answers.comparisons import comparison_answer, comparison_head
from app.web.dependencies import ComparisonsDep, ServicesDep, TranslateDep
from app.web.forms.comparison import ComparisonForm, options_of
from app.web.forms.recording import fill
from app.web.openapi import errors
from app.web.pools import FILES, SLOW_READS, reads_slowly
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.comparisons import (
    ComparisonAnswer,
    ComparisonItem,
    ComparisonsAnswer,
    ReferenceText,
)
from app.web.services import Services

if TYPE_CHECKING:
    from app.services.models.models import ModelEntry

router = ApiRouter(prefix="/comparisons", tags=["comparisons"])

LISTED = 50
SHOWN = 10  # on the page where one begins

ComparisonId = Annotated[str, Path(description="Id of the comparison.", examples=["1d9e0c77b2a4f310"])]

FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["variants"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "The recording; or name a transcription instead.",
                    },
                    "transcription": {
                        "type": "string",
                        "description": "Id of a transcription whose recording is read again. Where its text was put"
                        " right by hand, that is the reference unless another one is given.",
                    },
                    "variants": {
                        "type": "string",
                        "description": "JSON: a list of two to six, each with a `model` and, if need be,"
                        " `language` and `quality`.",
                        "example": '[{"model": "builtin"}, {"model": "whisper-base", "quality": "fast"}]',
                    },
                    "reference": {
                        "type": "string",
                        "description": "What was really said; errors are counted against it.",
                        "example": "今天天气很好。",
                    },
                },
            },
            "example": {
                "file": "(bytes of meeting.mp3)",
                "variants": '[{"model": "builtin"}, {"model": "whisper-base"}]',
            },
        }
    },
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra={"requestBody": FORM},
    response_description="The readings are on the disk and wait for their turn.",
    responses=errors(
        UploadInterrupted,
        UploadTooLarge,
        NoFile,
        EmptyFile,
        TranscriptionNotFound,
        AudioGone,
        UnknownLanguage,
        InvalidParameter,
        ModelUnknown,
        ModelAbsent,
        ModelNotForRecognition,
        DiskFull,
        QuotaReached,
        changes=True,
    ),
)
async def create_comparison(
    request: Request, response: Response, services: ServicesDep, translate: TranslateDep
) -> ComparisonAnswer:
    """Have one recording read by several models, or with several settings, one after the other.

    Each reading is a transcription of its own: it goes on after a restart, can be cancelled, and fails alone.
    """
    limit_bytes = services.settings.max_upload_bytes
    with ComparisonForm(services.queue, limit_bytes) as form:
        await fill(form, request, limit_bytes)
        comparison = await FILES.run(_begin, services, form)
    response.headers["location"] = str(request.url_for("get_comparison", id=comparison.id).path)
    return await SLOW_READS.run(comparison_answer, comparison, services, translate)


@router.get("", responses=errors())
@reads_slowly
def list_comparisons(
    services: ServicesDep,
    translate: TranslateDep,
    limit: Annotated[int, Query(ge=1, le=LISTED, description="How many at most.")] = LISTED,
) -> ComparisonsAnswer:
    """List the latest comparisons without their texts, the newest first."""
    found = services.comparisons.newest(limit)
    return ComparisonsAnswer(items=[ComparisonItem(**comparison_head(each, services, translate)) for each in found])


@router.get("/{id}", responses=errors(ComparisonNotFound))
@reads_slowly
def get_comparison(id: ComparisonId, services: ServicesDep, translate: TranslateDep) -> ComparisonAnswer:
    """See a comparison: texts segment by segment with the differences marked, errors, speed and memory."""
    return comparison_answer(services.comparisons.get(id), services, translate)


@router.put(
    "/{id}/reference",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(ComparisonNotFound, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def set_reference(
    id: ComparisonId, body: ReferenceText, services: ServicesDep, translate: TranslateDep
) -> ComparisonAnswer:
    """Say what was really said; errors and marks follow."""
    return comparison_answer(
        services.comparisons.set_reference(id, body.reference.replace("\0", "")), services, translate
    )


@router.post("/{id}/cancel", responses=errors(ComparisonNotFound, changes=True))
def cancel_comparison(id: ComparisonId, services: ServicesDep, translate: TranslateDep) -> ComparisonAnswer:
    """End all readings that have not ended."""
    return comparison_answer(services.comparisons.cancel(id), services, translate)


@router.delete(
    "/{id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(ComparisonNotFound, DiskFull, changes=True),
)
def delete_comparison(id: ComparisonId, comparisons: ComparisonsDep) -> None:
    """Forget a comparison; the transcriptions that were made for it go to the trash."""
    comparisons.delete(id)


def _begin(services: Services, form: ComparisonForm) -> Comparison:
    variants = form.variants()
    for variant in variants:
        services.models.recognising_folder(variant.model)
    comparisons = services.comparisons
    if form.transcription:
        usual = services.queue.get(form.transcription).options
        options = [options_of(variant, usual) for variant in variants]
        return comparisons.begin_with(form.transcription, options, form.reference)
    options = [options_of(variant, services.default_options) for variant in variants]
    return comparisons.begin(form.file, options, form.reference)


def known_languages(entries: list[ModelEntry]) -> list[str]:
    """Return `auto` and what any of the models knows; all that can be chosen where one of them does not tell."""
    if any(not entry.languages for entry in entries):
        return list(LANGUAGES)
    known = {code for entry in entries for code in entry.languages}
    return [code for code in LANGUAGES if code == AUTO or code in known]
