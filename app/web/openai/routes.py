"""OpenAI's API for transcriptions, over the same jobs as everything else here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

import anyio
from fastapi import APIRouter, Path, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from app.domain.errors.clients import TranslationUnavailable
from app.domain.errors.models import ModelUnknown
from app.domain.sources import Source
from app.domain.transcript import Applied, Transcript
from app.i18n import translator
from app.services.clients.following import SettledSegments
from app.services.known_speakers import KnownSpeaker, read_known_speakers
from app.web.clients import job_answers
from app.web.clients.intake import Received, Understood, take_in
from app.web.clients.job_answers import Body, JobAnswer, ended_transcript
from app.web.clients.receipt import accepted
from app.web.clients.waiting import following
from app.web.dependencies import ModelsDep, ServicesDep
from app.web.forms.client_form import ClientForm
from app.web.openai.answers import JSON_TYPE, answer_of
from app.web.openai.known_speakers import with_known_speakers
from app.web.openai.models import listed_model, listed_models
from app.web.openai.options import options_of
from app.web.openai.request import ResponseFormat, SpeechRequest, read_request
from app.web.openai.schemas import SPEECH_ANSWERS, SPEECH_ERRORS, SPEECH_FORM, ModelList, ModelObject
from app.web.openai.stream import StreamedJob, events_of
from app.web.openapi import OPENAI, errors
from app.web.request import address_of, language_of
from app.web.routers import API_PATH, operation_id
from app.web.services import Services
from app.web.sse import GOODBYE_SECONDS

router = APIRouter(tags=["openai"], generate_unique_id_function=operation_id)

TEXT_FORMATS = (ResponseFormat.TEXT, ResponseFormat.SRT, ResponseFormat.VTT)
Deployment = Annotated[str, Path(description="Name of the model, as Azure's addresses have it.", examples=["whisper"])]
ModelId = Annotated[str, Path(description="Name of the model.", examples=["whisper-1"])]


@dataclass(frozen=True, slots=True)
class _Speech:
    """A request whose recording has been taken in."""

    asked: SpeechRequest
    received: Received
    known: tuple[KnownSpeaker, ...] = ()


@router.post(
    "/v1/audio/transcriptions",
    openapi_extra={"requestBody": SPEECH_FORM},
    response_class=Response,
    responses=SPEECH_ANSWERS | SPEECH_ERRORS,
)
@router.post("/openai/v1/audio/transcriptions", response_class=Response, include_in_schema=False)
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
    responses=errors(TranslationUnavailable, changes=True, shape=OPENAI),
)
@router.post("/openai/v1/audio/translations", response_class=Response, include_in_schema=False)
@router.post(
    "/openai/deployments/{deployment:path}/audio/translations", response_class=Response, include_in_schema=False
)
async def create_translation() -> Response:
    """Translations are not made here: answers 400 with the code `translation_unavailable`."""
    raise TranslationUnavailable


@router.get("/v1/models", responses=errors(shape=OPENAI))
@router.get("/openai/v1/models", include_in_schema=False)
def list_speech_models(models: ModelsDep) -> ModelList:
    """List the models that are here, and the names of OpenAI's models, which all mean the one in use."""
    found = listed_models(models)
    return ModelList(data=[ModelObject(id=each.id, created=each.created, owned_by=each.owned_by) for each in found])


@router.get("/v1/models/{model:path}", responses=errors(ModelUnknown, shape=OPENAI))
@router.get("/openai/v1/models/{model:path}", include_in_schema=False)
def get_speech_model(model: ModelId, models: ModelsDep) -> ModelObject:
    """Look up one of them."""
    found = listed_model(model, models)
    return ModelObject(id=found.id, created=found.created, owned_by=found.owned_by)


async def _transcribe(request: Request, services: Services, deployment: str = "") -> Response:
    speech = await _received(request, services, deployment)
    received = speech.received
    if received.is_async:
        address = address_of(request.scope, f"{API_PATH}/transcriptions/{received.id}")
        return accepted(received.id, address, received.headers())
    if speech.asked.is_stream:
        return _streamed(request, services, speech)
    early = None if speech.asked.response_format in TEXT_FORMATS else {"content-type": JSON_TYPE, **received.headers()}
    return JobAnswer(services.client_requests.changes, received.id, partial(_finished, services, speech), early)


async def _received(request: Request, services: Services, deployment: str) -> _Speech:
    """Take in recording and fields."""
    form = ClientForm(services.queue, services.settings.max_upload_bytes)
    asked, known = SpeechRequest(), tuple[KnownSpeaker, ...]()

    def understand() -> Understood:
        nonlocal asked, known
        asked = read_request(form.values)
        asked = replace(asked, model=asked.model or deployment)
        if asked.wants_speakers:
            known = read_known_speakers(asked.known_names, asked.known_references, services.heard)
        options, receipt = options_of(asked, services.default_options, services.models)
        return Understood(options, receipt, asked.is_kept)

    received = await take_in(request, services, form, Source.OPENAI, understand)
    return _Speech(asked, received, known)


def _streamed(request: Request, services: Services, speech: _Speech) -> Response:
    translate = translator(language_of(request))
    job = StreamedJob(
        SettledSegments(services.queue, speech.received.id),
        lambda: _ended(services, speech)[0],
        lambda error: error.problem.explained(translate),
    )

    async def events() -> AsyncIterator[ServerSentEvent]:
        async with following(services.client_requests.changes, speech.received.id) as follower:
            async for each in events_of(follower, job, speech.asked):
                yield each

    return EventSourceResponse(
        events(),
        headers=speech.received.headers(),
        ping=job_answers.PACE.comment_seconds,
        ping_message_factory=lambda: ServerSentEvent(comment="keep-alive", sep="\n"),
        sep="\n",
        shutdown_event=anyio.Event(),  # without one the stream would be cut before its last event
        shutdown_grace_period=GOODBYE_SECONDS,
    )


def _finished(services: Services, speech: _Speech) -> Body:
    """Write the whole answer; runs in a thread."""
    transcript, lines = _ended(services, speech)
    answer = answer_of(transcript, speech.asked)
    received = replace(speech.received, receipt=(*speech.received.receipt, *lines))
    return Body(answer.content, answer.media_type, received.headers(transcript.receipt))


def _ended(services: Services, speech: _Speech) -> tuple[Transcript, tuple[Applied, ...]]:
    """Return the whole text with the names of the known speakers, and their line of the receipt."""
    id = speech.received.id
    return with_known_speakers(services, id, ended_transcript(services.queue, id), speech.known)
