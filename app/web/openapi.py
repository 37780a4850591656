"""Describes responses that FastAPI cannot derive from a route's types: errors, files and forms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.domain.errors.base import AppError
from app.domain.errors.requests import CrossSiteRequest, HostNotAllowed, InvalidParameter
from app.domain.errors.setup import (
    DatabaseUnusable,
    FolderReadOnly,
    FolderUnwritable,
    StorageBroken,
    TooManyOpenFiles,
)
from app.domain.errors.uploads import DiskFull
from app.web.clients.errors import asr_error, openai_error, openai_status
from app.web.schemas.client_errors import AsrErrorAnswer, OpenAIErrorAnswer
from app.web.schemas.transcriptions import ErrorAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERYWHERE = (HostNotAllowed, InvalidParameter, DatabaseUnusable, StorageBroken, TooManyOpenFiles, AppError)
"""Any request may get these."""
CHANGING = (CrossSiteRequest, DiskFull, FolderReadOnly, FolderUnwritable)
"""Any request that changes something may get these."""
REFERENCE = "#/components/schemas/{model}"
FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")
SERIALIZATION: Literal["serialization"] = "serialization"
Responses = dict[int | str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """How one API tells errors."""

    model: type[BaseModel]
    status: Callable[[str, int], int]
    """Returns the status of an error with this code and status."""
    body: Callable[[dict[str, str], int], dict[str, Any]]
    """Returns the body of an error, given its texts and the status that is sent."""


OURS = ErrorShape(ErrorAnswer, lambda _code, status: status, lambda told, _status: {"error": told})
OPENAI = ErrorShape(OpenAIErrorAnswer, openai_status, openai_error)
ASR = ErrorShape(AsrErrorAnswer, lambda _code, status: status, lambda told, _status: asr_error(told))


DESCRIPTION = """
Send a recording, get a text that can be trusted.

Every error has one shape: `{"error": {"code", "message", "advice", "request_id"}}`. The code is stable; the texts
come in the language of `Accept-Language` (Chinese or English). Times are RFC 3339 in UTC, durations are seconds.

Live recognition is a WebSocket at `/api/v1/live`; `docs/live-protocol.md` of the program describes its messages.
Clients of OpenAI's realtime transcription connect to `/v1/realtime` (`docs/realtime-api.md`).
"""


class DescribedApp(FastAPI):
    """FastAPI with the error schema among its models.

    FastAPI would describe an error in the media type of its route, which is wrong for routes that answer files.
    """

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            models = super().openapi()["components"]["schemas"]
            kinds = [(shape.model, SERIALIZATION) for shape in (OURS, OPENAI, ASR)]
            models |= models_json_schema(kinds, ref_template=REFERENCE)[1]["$defs"]
            _drop_framework_errors(self.openapi_schema or {})
        return super().openapi()


def _drop_framework_errors(schema: dict[str, Any]) -> None:
    """Remove FastAPI's own answer 422, which it describes where a route with parameters tells of none."""
    models = schema["components"]["schemas"]
    for name in FRAMEWORK_ERRORS:
        models.pop(name, None)
    for operation in (each for path in schema["paths"].values() for each in path.values()):
        told = operation["responses"].get("422", {}).get("content", {}).get("application/json", {})
        if told.get("schema") == {"$ref": REFERENCE.format(model=FRAMEWORK_ERRORS[0])}:
            del operation["responses"]["422"]


def errors(*kinds: type[AppError], changes: bool = False, shape: ErrorShape = OURS) -> Responses:
    """Return the description of these errors, grouped by status, with an example of each.

    `changes` adds the errors of requests that change something.
    """
    by_status: defaultdict[int, list[type[AppError]]] = defaultdict(list)
    for kind in dict.fromkeys((*kinds, *(CHANGING if changes else ()), *EVERYWHERE)):
        by_status[shape.status(kind.code, kind.status)].append(kind)
    return {status: _error_response(by_status[status], status, shape) for status in sorted(by_status)}


def with_error(responses: Responses, kind: type[AppError]) -> Responses:
    """Return the descriptions with that of `kind`, beside what its status means already."""
    described, status = _error_response([kind], kind.status, OURS), kind.status
    if status in responses:
        known = responses[status]
        examples = (
            known["content"]["application/json"]["examples"] | described["content"]["application/json"]["examples"]
        )
        described = _error_response_of(examples, status, OURS)
    return responses | {status: described}


def content(status: int, description: str, media_types: Mapping[str, Any]) -> Responses:
    """Return the description of a non-JSON response; `media_types` maps each type to an example."""
    bodies = {
        media_type: {"schema": {"type": "string"}, "example": example} for media_type, example in media_types.items()
    }
    return {status: {"description": description, "content": bodies}}


def _error_response(kinds: list[type[AppError]], status: int, shape: ErrorShape) -> dict[str, Any]:
    examples = {kind.code: {"summary": kind.message, "value": shape.body(_example(kind), status)} for kind in kinds}
    return _error_response_of(examples, status, shape)


def _error_response_of(examples: dict[str, Any], status: int, shape: ErrorShape) -> dict[str, Any]:
    codes = ", ".join(f"`{code}`" for code in examples)
    return {
        "description": f"{HTTPStatus(status).phrase}: {codes}",
        "content": {
            "application/json": {
                "schema": {"$ref": REFERENCE.format(model=shape.model.__name__)},
                "examples": examples,
            }
        },
    }


def _example(kind: type[AppError]) -> dict[str, str]:
    filled = _Blanks()
    return {
        "code": kind.code,
        "message": kind.message.format_map(filled),
        "advice": kind.advice.format_map(filled),
        "request_id": "5f0c2e9b1a44",
    }


class _Blanks(dict[str, str]):
    """Fills every placeholder of a template."""

    def __missing__(self, key: str) -> str:
        return "..."
