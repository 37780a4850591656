"""What OpenAI's API answers, for the description of ours. Members that a request did not ask for are absent."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.domain.errors.audio import NotAudio
from app.domain.errors.clients import IdempotencyKeyReused, QueueFull, ServerStopping, TranscriptionCancelled
from app.domain.errors.inference import InferenceUnavailable, SegmentsFailed
from app.domain.errors.models import ModelFileMissing
from app.domain.errors.people import QuotaReached
from app.domain.errors.requests import UnknownLanguage
from app.domain.errors.transcriptions import AudioGone
from app.domain.errors.uploads import EmptyFile, NoFile, UploadInterrupted, UploadTooLarge
from app.web.openai.models import ALIASES
from app.web.openai.request import GRANULARITIES, LOGPROBS, ResponseFormat
from app.web.openapi import OPENAI, Responses, errors


class ModelObject(BaseModel):
    """One name of a model."""

    id: str = Field(examples=["whisper-1"])
    object: Literal["model"] = Field(default="model", description="Always `model`.")
    created: int = Field(description="Seconds since 1970.", examples=[1790000000])
    owned_by: str = Field(examples=["funasr-webui"])


class ModelList(BaseModel):
    """The models that are here, and the names that stand for the one in use."""

    object: Literal["list"] = Field(default="list", description="Always `list`.")
    data: list[ModelObject] = Field(description="Those that are here first.")


SPEECH_ERRORS = errors(
    NoFile,
    EmptyFile,
    UploadTooLarge,
    UploadInterrupted,
    UnknownLanguage,
    NotAudio,
    AudioGone,
    ModelFileMissing,
    IdempotencyKeyReused,
    TranscriptionCancelled,
    QueueFull,
    QuotaReached,
    ServerStopping,
    InferenceUnavailable,
    SegmentsFailed,
    changes=True,
    shape=OPENAI,
)


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _texts(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", **more}, "description": description}


SPEECH_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "One recording, in any format."},
                    "model": _text("A model that is here, or any other name for the one in use.", example=ALIASES[0]),
                    "language": _text("Code or English name of the language; without one it is heard.", example="zh"),
                    "languages[]": _texts("The languages that may be spoken."),
                    "keywords[]": _texts("Words to listen for."),
                    "hotwords": _text("Words to listen for, one on each line or parted by commas, with weights."),
                    "prompt": _text("Names and terms in it are listened for; the rest has no effect."),
                    "response_format": _text("The form of the answer.", enum=list(ResponseFormat), default="json"),
                    "temperature": _text("Has no effect.", example="0"),
                    "timestamp_granularities[]": _texts("Of `verbose_json`.", enum=list(GRANULARITIES)),
                    "include[]": _texts("Of `json`.", enum=[LOGPROBS]),
                    "stream": {"type": "boolean", "description": "Answer with server-sent events.", "default": False},
                    "chunking_strategy": _text("`auto`, or an object `server_vad`, as JSON or in brackets."),
                    "store": {"type": "boolean", "description": "Keep it in the history.", "default": True},
                },
                "additionalProperties": True,
            },
            "example": {"file": "(bytes of meeting.mp3)", "model": "whisper-1", "response_format": "json"},
        }
    },
}

SPEECH_ANSWERS: Responses = {
    200: {
        "description": "The text, in the form that was asked for.",
        "content": {
            "application/json": {"schema": {"type": "object"}, "example": {"text": "今天天气很好。"}},
            "text/plain": {"schema": {"type": "string"}, "example": "今天天气很好。"},
            "text/vtt": {
                "schema": {"type": "string"},
                "example": "WEBVTT\n\n00:00:00.420 --> 00:00:03.180\n今天天气很好。\n",
            },
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'data: {"type": "transcript.text.delta", "delta": "今天天气很好。"}\n\n',
            },
        },
    },
    202: {
        "description": "It waits for its turn; `Location` is its address. Answers `Prefer: respond-async`.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": {"id": "01jd9x3v6t8q"}}},
    },
}
