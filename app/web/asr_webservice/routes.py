"""The API of whisper-asr-webservice (`POST /asr`), which Bazarr, Speakr and other self-hosted programs speak."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.domain.errors.audio import NotAudio
from app.domain.errors.clients import (
    IdempotencyKeyReused,
    QueueFull,
    ServerStopping,
    TranscriptionCancelled,
    TranslationUnavailable,
)
from app.domain.errors.inference import InferenceUnavailable, SegmentsFailed
from app.domain.errors.models import ModelFileMissing
from app.domain.errors.people import QuotaReached
from app.domain.errors.requests import UnknownLanguage
from app.domain.errors.transcriptions import AudioGone
from app.domain.errors.uploads import EmptyFile, NoFile, UploadInterrupted, UploadTooLarge
from app.domain.languages import AUTO
from app.domain.sources import Source
from app.web.asr_webservice.answers import answer_of, language_answer
from app.web.asr_webservice.request import FILE_FIELD, AsrForm, AsrRequest, Output, is_encoded, read_request
from app.web.clients.intake import Received, Understood, take_in
from app.web.clients.job_answers import Body, JobAnswer, ended_transcript
from app.web.clients.receipt import accepted
from app.web.dependencies import ServicesDep
from app.web.forms.file_names import content_disposition, export_name
from app.web.openai.answers import JSON_TYPE
from app.web.openai.options import options_of
from app.web.openapi import ASR, Responses, errors
from app.web.request import address_of
from app.web.routers import API_PATH, operation_id
from app.web.services import Services

router = APIRouter(tags=["asr"], generate_unique_id_function=operation_id)
NAMELESS = "audio"
LANGUAGE_SECONDS = 300.0
"""How much of raw sound is read to tell its language: a film begins with music."""

_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FILE_FIELD],
                "properties": {
                    FILE_FIELD: {"type": "string", "format": "binary", "description": "One recording, in any format."}
                },
                "additionalProperties": True,
            },
            "example": {FILE_FIELD: "(bytes of meeting.mp3)"},
        }
    },
}


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_ENCODE = _parameter("encode", "`false` says that the file is samples: 16 bits, 16 kHz, mono.", type="boolean")
_PARAMETERS = [
    _ENCODE,
    _parameter("task", "`translate` is refused with `translation_unavailable`.", type="string", example="transcribe"),
    _parameter("language", "Code or English name; without one it is heard.", type="string", example="zh"),
    _parameter("initial_prompt", "Names and terms in it are listened for.", type="string"),
    _parameter("hotwords", "Words to listen for, parted by commas, with weights.", type="string"),
    _parameter("output", "The form of the answer.", type="string", enum=list(Output), default="txt"),
    _parameter("word_timestamps", "List the words of each segment, in JSON.", type="boolean"),
    _parameter("diarize", "Tell speakers apart: by their channels, or else by their voices.", type="boolean"),
    _parameter("enable_diarization", "The same.", type="boolean"),
    _parameter("model", "A model that is here, or any other name for the one in use.", type="string"),
    _parameter("min_speakers", "Has no effect.", type="integer"),
    _parameter("max_speakers", "Has no effect.", type="integer"),
    _parameter("return_speaker_embeddings", "Has no effect.", type="boolean"),
    _parameter("vad_filter", "Has no effect: only speech is ever read.", type="boolean"),
    _parameter("store", "Keep it in the history.", type="boolean", default=True),
]
_ERRORS = errors(
    NoFile,
    EmptyFile,
    UploadTooLarge,
    UploadInterrupted,
    UnknownLanguage,
    TranslationUnavailable,
    IdempotencyKeyReused,
    TranscriptionCancelled,
    NotAudio,
    AudioGone,
    ModelFileMissing,
    QueueFull,
    QuotaReached,
    ServerStopping,
    InferenceUnavailable,
    SegmentsFailed,
    changes=True,
    shape=ASR,
)
_TEXTS = {"text/plain": {"schema": {"type": "string"}}, "text/vtt": {"schema": {"type": "string"}}}
_JSON = {JSON_TYPE: {"schema": {"type": "object"}}}
_ANSWERS: Responses = {
    200: {"description": "The text, in the form that was asked for.", "content": _TEXTS | _JSON},
    202: {"description": "Answers `Prefer: respond-async`; `Location` is the address.", "content": _JSON},
}
_LANGUAGE: Responses = {200: {"description": "Name, code and confidence.", "content": _JSON}}


@router.post(
    "/asr",
    openapi_extra={"requestBody": _FORM, "parameters": _PARAMETERS},
    response_class=Response,
    responses=_ANSWERS | _ERRORS,
)
async def create_asr_transcription(request: Request, services: ServicesDep) -> Response:
    """Send a recording and wait for its text, as the clients of whisper-asr-webservice do.

    The same file with the same parameters gets the job that reads it already.
    """
    query = request.query_params.multi_items()
    form = AsrForm(services.queue, services.settings.max_upload_bytes, is_raw=not is_encoded(query))
    read_request(query)  # a wrong parameter is refused before the file has come
    asked = AsrRequest()

    def understand() -> Understood:
        nonlocal asked
        asked = read_request((*form.values, *query))
        options, receipt = options_of(asked.speech, services.default_options, services.models)
        return Understood(options, (*receipt, *asked.receipt), asked.speech.is_kept)

    received = await take_in(request, services, form, Source.ASR, understand)
    if received.is_async:
        return accepted(received.id, address_of(request.scope, f"{API_PATH}/transcriptions/{received.id}"), {})
    early = {"content-type": JSON_TYPE, **received.headers()} if asked.output is Output.JSON else None
    finish = partial(_finished, services, received, asked, _name_of(form))
    return JobAnswer(services.client_requests.changes, received.id, finish, early)


@router.post(
    "/detect-language",
    openapi_extra={"requestBody": _FORM, "parameters": [_ENCODE]},
    response_class=Response,
    responses=_LANGUAGE | _ERRORS,
)
async def detect_language(request: Request, services: ServicesDep) -> Response:
    """Ask what language is spoken. The recording is read like any other, and not kept.

    Of raw samples the first five minutes are read.
    """
    is_raw = not is_encoded(request.query_params.multi_items())
    limit_bytes = services.settings.max_upload_bytes
    form = AsrForm(services.queue, limit_bytes, is_raw=is_raw, most_seconds=LANGUAGE_SECONDS)
    options = replace(services.default_options, language=AUTO)
    received = await take_in(request, services, form, Source.ASR, lambda: Understood(options, (), is_kept=False))
    finish = partial(_language, services, received)
    return JobAnswer(services.client_requests.changes, received.id, finish, {"content-type": JSON_TYPE})


def _finished(services: Services, received: Received, asked: AsrRequest, name: str) -> Body:
    """Write the whole answer; runs in a thread."""
    transcript = ended_transcript(services.queue, received.id)
    answer = answer_of(transcript, asked.output, has_words=asked.has_words)
    attached = content_disposition("attachment", export_name(name, asked.output))
    headers = {"content-disposition": attached, **received.headers(transcript.receipt)}
    return Body(answer.content, answer.media_type, headers)


def _language(services: Services, received: Received) -> Body:
    told = language_answer(ended_transcript(services.queue, received.id))
    return Body(json.dumps(told).encode(), JSON_TYPE, {})


def _name_of(form: AsrForm) -> str:
    """Return the name of the file as it was sent."""
    sent = (part.file_name for part in form.parts if part.name == FILE_FIELD)
    return next(filter(None, sent), NAMELESS)
