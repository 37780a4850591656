"""REST and pages of comparisons: one recording, read by several models side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from app.domain.errors import (
    AudioGone,
    ComparisonNotFound,
    DiskFull,
    EmptyFile,
    InvalidParameter,
    ModelAbsent,
    ModelNotForRecognition,
    ModelUnknown,
    NoFile,
    RequestTooLarge,
    TranscriptionNotFound,
    UnknownLanguage,
    UploadInterrupted,
    UploadTooLarge,
)
from app.domain.languages import AUTO, LANGUAGES
from app.services.comparisons import LONGEST_REFERENCE, MOST, Comparison
from app.services.models.models import ModelState
from app.services.transcriptions.edits import edited_text
from app.web.answers.transcriptions import options_answer, problem_answer, progress_answer
from app.web.api.models import model_choices, readers
from app.web.api.routers import ApiRouter
from app.web.dependencies import ComparisonsDep, State, StateDep, TranslateDep
from app.web.errors import LARGEST_FORM_BYTES
from app.web.forms.comparison import ComparisonForm, options_of
from app.web.forms.recording import fill
from app.web.openapi import errors
from app.web.schemas.comparisons import (
    CellAnswer,
    ComparisonAnswer,
    ComparisonItem,
    ComparisonsAnswer,
    ErrorCount,
    PieceAnswer,
    ReadingAnswer,
    ReferenceText,
    SegmentLineAnswer,
)
from app.web.templating import render

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.services.comparisons import Cell, Reading
    from app.services.models.models import ModelEntry

router = ApiRouter(prefix="/comparisons", tags=["comparisons"])
page = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

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
        changes=True,
    ),
)
async def create_comparison(
    request: Request, response: Response, state: StateDep, translate: TranslateDep
) -> ComparisonAnswer:
    """Have one recording read by several models, or with several settings, one after the other.

    Each reading is a transcription of its own: it goes on after a restart, can be cancelled, and fails alone.
    """
    limit_bytes = state["settings"].max_upload_mb * 2**20
    with ComparisonForm(state["queue"], limit_bytes) as form:
        await fill(form, request, limit_bytes)
        comparison = await run_in_threadpool(_begin, state, form)
    response.headers["location"] = str(request.url_for("get_comparison", id=comparison.id).path)
    return await run_in_threadpool(comparison_answer, comparison, state, translate)


@router.get("", responses=errors())
def list_comparisons(
    state: StateDep,
    translate: TranslateDep,
    limit: Annotated[int, Query(ge=1, le=LISTED, description="How many at most.")] = LISTED,
) -> ComparisonsAnswer:
    """List the latest comparisons without their texts, the newest first."""
    found = state["comparisons"].newest(limit)
    return ComparisonsAnswer(items=[ComparisonItem(**_head(each, state, translate)) for each in found])


@router.get("/{id}", responses=errors(ComparisonNotFound))
def get_comparison(id: ComparisonId, state: StateDep, translate: TranslateDep) -> ComparisonAnswer:
    """See a comparison: texts segment by segment with the differences marked, errors, speed and memory."""
    return comparison_answer(state["comparisons"].get(id), state, translate)


@router.put(
    "/{id}/reference",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(ComparisonNotFound, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def set_reference(
    id: ComparisonId, body: ReferenceText, state: StateDep, translate: TranslateDep
) -> ComparisonAnswer:
    """Say what was really said; errors and marks follow."""
    return comparison_answer(
        state["comparisons"].set_reference(id, body.reference.replace("\0", "")), state, translate
    )


@router.post("/{id}/cancel", responses=errors(ComparisonNotFound, changes=True))
def cancel_comparison(id: ComparisonId, state: StateDep, translate: TranslateDep) -> ComparisonAnswer:
    """End all readings that have not ended."""
    return comparison_answer(state["comparisons"].cancel(id), state, translate)


@router.delete(
    "/{id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(ComparisonNotFound, DiskFull, changes=True),
)
def delete_comparison(id: ComparisonId, comparisons: ComparisonsDep) -> None:
    """Forget a comparison; the transcriptions that were made for it go to the trash."""
    comparisons.delete(id)


@page.get("/compare")
def compare_page(
    request: Request,
    state: StateDep,
    translate: TranslateDep,
    of: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    """Choose a recording and the models that read it; `of` is the id of a transcription."""
    record = state["queue"].get(of) if of else None
    context = {
        "of": record and {"id": record.id, "name": record.name, "options": options_answer(record.options)},
        "is_put_right": bool(record and edited_text(state["queue"], of).revision),
        "models": model_choices(state, translate),
        "languages": _languages(readers(state)),
        "limit_bytes": state["settings"].max_upload_mb * 2**20,
        "most": MOST,
        "longest_reference": LONGEST_REFERENCE,
        "comparisons": [
            _head(each, state, translate) | {"created_at": each.created_at.isoformat()}
            for each in state["comparisons"].newest(SHOWN)
        ],
    }
    return render(request, "pages/compare.html", context)


@page.get("/compare/{id}")
def comparison_page(request: Request, id: str, state: StateDep) -> HTMLResponse:
    """See the readings side by side; the texts come over /api/v1."""
    comparison = state["comparisons"].get(id)
    context = {
        "id": comparison.id,
        "name": comparison.name,
        "created_at": comparison.created_at.isoformat(),
        "is_fixed": state["models"].places.fixed is not None,
        "longest_reference": LONGEST_REFERENCE,
    }
    return render(request, "pages/comparison.html", context)


def comparison_answer(comparison: Comparison, state: State, translate: Translate) -> ComparisonAnswer:
    return ComparisonAnswer(
        **_head(comparison, state, translate),
        duration=comparison.readings[0].record.duration,
        reference=comparison.reference,
        is_laid_out=comparison.is_laid_out,
        segments=[
            SegmentLineAnswer(
                start=round(line.start, 3),
                end=round(line.end, 3),
                channel=line.channel,
                reference=line.reference,
                readings=[_cell(cell) for cell in line.cells],
            )
            for line in comparison.lines
        ],
    )


def _begin(state: State, form: ComparisonForm) -> Comparison:
    variants = form.variants()
    for variant in variants:
        state["models"].recognising_folder(variant.model)
    comparisons = state["comparisons"]
    if form.transcription:
        usual = state["queue"].get(form.transcription).options
        options = [options_of(variant, usual) for variant in variants]
        return comparisons.begin_with(form.transcription, options, form.reference)
    options = [options_of(variant, state["default_options"]) for variant in variants]
    return comparisons.begin(form.file, options, form.reference)


def _head(comparison: Comparison, state: State, translate: Translate) -> dict[str, Any]:
    entries = {entry.name: entry for entry in state["models"].entries()}
    best = comparison.best
    return {
        "id": comparison.id,
        "name": comparison.name,
        "created_at": comparison.created_at,
        "has_ended": comparison.has_ended,
        "best": best.record.id if best else None,
        "readings": [
            _reading(reading, entries.get(reading.record.options.model), translate)
            for reading in comparison.readings
        ],
    }


def _reading(reading: Reading, entry: ModelEntry | None, translate: Translate) -> ReadingAnswer:
    record, factor = reading.record, reading.real_time_factor
    return ReadingAnswer(
        transcription=record.id,
        model=record.options.model,
        title=translate(entry.title) if entry else record.options.model,
        is_in_use=entry is not None and entry.state in (ModelState.IN_USE, ModelState.SWITCHING),
        options=options_answer(record.options),
        state=record.state,
        progress=progress_answer(record),
        error=problem_answer(record.error, translate),
        errors=_errors(reading),
        real_time_factor=None if factor is None else round(factor, 4),
        memory_bytes=record.memory_bytes,
        device=record.device,
    )


def _errors(reading: Reading) -> ErrorCount | None:
    counted = reading.errors
    if counted is None:
        return None
    return ErrorCount(
        rate=round(counted.rate, 4),
        kind="cer" if counted.by_character else "wer",
        wrong=counted.wrong,
        total=counted.total,
    )


def _cell(cell: Cell) -> CellAnswer:
    return CellAnswer(
        state=cell.segment.state if cell.segment else "pending",
        pieces=[PieceAnswer(text=piece.text, kind=piece.kind.value) for piece in cell.pieces],
        dropped=cell.segment.dropped if cell.segment else "",
    )


def _languages(entries: list[ModelEntry]) -> list[str]:
    """Return `auto` and what any of the models knows; all that can be chosen where one of them does not tell."""
    if any(not entry.languages for entry in entries):
        return list(LANGUAGES)
    known = {code for entry in entries for code in entry.languages}
    return [code for code in LANGUAGES if code == AUTO or code in known]
