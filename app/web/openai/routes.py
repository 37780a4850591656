"""OpenAI's API for transcriptions, over the same jobs as everything else here."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from app.domain.client_request import ClientRequest, kept_headers, kept_query
from app.domain.errors.base import AppError
from app.domain.errors.clients import TranslationUnavailable
from app.domain.errors.models import ModelUnknown
from app.domain.reasons import ANSWER_WAITED_FOR
from app.domain.sources import Source
from app.domain.transcript import Applied, Transcript, merge_receipts
from app.i18n import translator
from app.services.transcriptions.client_requests import Admitted, Wanted
from app.services.transcriptions.following import SettledSegments
from app.web.clients import job_answers
from app.web.clients.job_answers import Body, JobAnswer, ended_record
from app.web.clients.waiting import following
from app.web.dependencies import ModelsDep, ServicesDep
from app.web.forms.client_form import LONGEST_FIELDS_BYTES, ClientForm
from app.web.forms.recording import fill
from app.web.openai import receipt
from app.web.openai.answers import JSON_TYPE, answer_of
from app.web.openai.models import listed_model, listed_models
from app.web.openai.options import options_of
from app.web.openai.request import ResponseFormat, SpeechRequest, read_request
from app.web.openai.schemas import SPEECH_ANSWERS, SPEECH_ERRORS, SPEECH_FORM, ModelList, ModelObject, openai_errors
from app.web.openai.stream import StreamedJob, events_of
from app.web.request import address_of, language_of, own_path
from app.web.routers import API_PATH, operation_id
from app.web.services import Services

router = APIRouter(tags=["openai"], generate_unique_id_function=operation_id)

RESPOND_ASYNC = re.compile(r"(?:^|[,;\s])respond-async(?:$|[,;\s])", re.IGNORECASE)
TEXT_FORMATS = (ResponseFormat.TEXT, ResponseFormat.SRT, ResponseFormat.VTT)
Deployment = Annotated[str, Path(description="Name of the model, as Azure's addresses have it.", examples=["whisper"])]
ModelId = Annotated[str, Path(description="Name of the model.", examples=["whisper-1"])]


@dataclass(frozen=True, slots=True)
class _Speech:
    """A request whose recording has been taken in."""

    asked: SpeechRequest
    receipt: tuple[Applied, ...]
    """What the request says and is not done."""
    admitted: Admitted
    is_async: bool


@router.post(
    "/v1/audio/transcriptions",
    openapi_extra={"requestBody": SPEECH_FORM},
    response_class=Response,
    responses=SPEECH_ANSWERS | SPEECH_ERRORS,
)
async def create_speech_transcription(request: Request, services: ServicesDep) -> Response:
    """Send a recording and wait for its text, as OpenAI's clients do.

    The same file with the same options gets the job that reads it already. `x-funasr-receipt` says what was ignored or
    changed. `Prefer: respond-async` answers at once with the address of the job.
    """
    return await _transcribe(request, services)


@router.post(
    "/openai/deployments/{deployment:path}/audio/transcriptions",
    openapi_extra={"requestBody": SPEECH_FORM},
    response_class=Response,
    responses=SPEECH_ANSWERS | SPEECH_ERRORS,
)
async def create_deployed_transcription(request: Request, services: ServicesDep, deployment: Deployment) -> Response:
    """The same at the address that Azure's clients use."""
    return await _transcribe(request, services, deployment)


@router.post(
    "/v1/audio/translations",
    response_class=Response,
    responses=openai_errors(TranslationUnavailable, changes=True),
)
@router.post(
    "/openai/deployments/{deployment:path}/audio/translations", response_class=Response, include_in_schema=False
)
async def create_translation() -> Response:
    """Translations are not made here: answers 400 with the code `translation_unavailable`."""
    raise TranslationUnavailable


@router.get("/v1/models", responses=openai_errors())
def list_speech_models(models: ModelsDep) -> ModelList:
    """List the models that are here, and the names of OpenAI's models, which all mean the one in use."""
    found = listed_models(models)
    return ModelList(data=[ModelObject(id=each.id, created=each.created, owned_by=each.owned_by) for each in found])


@router.get("/v1/models/{model:path}", responses=openai_errors(ModelUnknown))
def get_speech_model(model: ModelId, models: ModelsDep) -> ModelObject:
    """Look up one of them."""
    found = listed_model(model, models)
    return ModelObject(id=found.id, created=found.created, owned_by=found.owned_by)


async def _transcribe(request: Request, services: Services, deployment: str = "") -> Response:
    speech = await _received(request, services, deployment)
    if speech.is_async:
        return _accepted(request, speech)
    if speech.asked.is_stream:
        return _streamed(request, services, speech)
    early = None if speech.asked.response_format in TEXT_FORMATS else {"content-type": JSON_TYPE, **_early(speech)}
    finish = partial(_finished, services, speech)
    return JobAnswer(services.client_requests.changes, speech.admitted.id, finish, early)


async def _received(request: Request, services: Services, deployment: str) -> _Speech:
    """Take in recording and fields."""
    limit_bytes = services.settings.max_upload_bytes
    with ClientForm(services.queue, limit_bytes) as form:
        await fill(form, request, limit_bytes, LONGEST_FIELDS_BYTES)
        asked = read_request(form.values)
        asked = replace(asked, model=asked.model or deployment)
        options, told = await run_in_threadpool(options_of, asked, services.default_options, services.models)
        is_async = RESPOND_ASYNC.search(request.headers.get("prefer", "")) is not None
        if is_async and not asked.is_kept:
            told += (Applied("prefer", "respond-async", "", ANSWER_WAITED_FOR),)
        wanted = Wanted(
            options,
            Source.OPENAI,
            client_request(request, form),
            told,
            request.headers.get("idempotency-key", ""),
            is_kept=asked.is_kept,
        )
        admitted = await run_in_threadpool(services.client_requests.admit, form.received(), wanted)
    return _Speech(asked, told, admitted, is_async and asked.is_kept)


def client_request(request: Request, form: ClientForm) -> ClientRequest:
    """Return the request as it is kept for cases and replays."""
    return ClientRequest(
        path=own_path(request.scope),
        parts=tuple(form.parts),
        query=kept_query(tuple(request.query_params.multi_items())),
        headers=kept_headers(request.headers),
    )


def _accepted(request: Request, speech: _Speech) -> Response:
    id = speech.admitted.id
    headers = {"location": address_of(request.scope, f"{API_PATH}/transcriptions/{id}"), **_early(speech)}
    told = {"id": id, "object": "transcription", "url": headers["location"]}
    return JSONResponse(told, 202, {**headers, "preference-applied": "respond-async"})


def _streamed(request: Request, services: Services, speech: _Speech) -> Response:
    id = speech.admitted.id
    job = StreamedJob(
        SettledSegments(services.queue, id),
        lambda: _transcript(services, id),
        _explained(request),
    )

    async def events() -> AsyncIterator[ServerSentEvent]:
        with following(services.client_requests.changes, id) as follower:
            async for each in events_of(follower, job, speech.asked):
                yield each

    return EventSourceResponse(
        events(),
        headers=_early(speech),
        ping=job_answers.PACE.comment_seconds,
        ping_message_factory=lambda: ServerSentEvent(comment="keep-alive", sep="\n"),
        sep="\n",
    )


def _finished(services: Services, speech: _Speech) -> Body:
    """Write the whole answer; runs in a thread."""
    transcript = _transcript(services, speech.admitted.id)
    answer = answer_of(transcript, speech.asked)
    lines = merge_receipts(transcript.receipt, speech.receipt)
    return Body(answer.content, answer.media_type, _headers(speech, lines))


def _transcript(services: Services, id: str) -> Transcript:
    ended_record(services.queue, id)
    return services.queue.transcript(id)


def _early(speech: _Speech) -> dict[str, str]:
    """Return the headers of an answer that begins before the job has ended."""
    return _headers(speech, speech.receipt)


def _headers(speech: _Speech, lines: tuple[Applied, ...]) -> dict[str, str]:
    admitted = speech.admitted
    return {receipt.NAME: receipt.receipt_header(admitted.id, lines, is_repeat=admitted.is_repeat)}


def _explained(request: Request) -> Callable[[AppError], dict[str, str]]:
    translate = translator(language_of(request))

    def explained(error: AppError) -> dict[str, Any]:
        return error.problem.explained(translate)

    return explained
