"""Errors in the shapes of the other products whose API is spoken here.

Programs act by the status: they repeat by themselves after 408, 409, 429 and 5xx. So what a repeat cannot change is 4xx.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from app.domain.errors.audio import AudioError
from app.domain.errors.base import AppError, Problem
from app.domain.errors.clients import IdempotencyKeyReused
from app.domain.errors.inference import InferenceUnavailable
from app.domain.errors.kinds import kind_of
from app.domain.errors.models import ModelError, ModelUnknown
from app.domain.errors.uploads import UploadError
from app.domain.transcript import join_texts

TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}
THEIR_CODES = {ModelUnknown.code: "model_not_found"}
"""Codes that programs look for."""
UNCHANGED_BY_A_REPEAT = {"x-should-retry": "false"}
"""Header that OpenAI's clients obey."""


def openai_error(told: Mapping[str, str], status: int) -> dict[str, Any]:
    """Return the body of an error as OpenAI's API has it, out of our own."""
    param = told.get("field") or _param_of(told["code"])
    return {
        "error": {
            "message": _message(told),
            "type": _type_of(status),
            "param": param,
            "code": THEIR_CODES.get(told["code"], told["code"]),
        }
    }


def asr_error(told: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of an error as a FastAPI program without handlers of its own has it."""
    return {"detail": _message(told), "code": told["code"]}


def openai_status(code: str, status: int) -> int:
    """Return the status by which OpenAI's clients understand an error."""
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and code != IdempotencyKeyReused.code:
        return HTTPStatus.BAD_REQUEST
    return status


class JobFailed(AppError):
    """The job of a request has failed for the reason that was stored with it."""

    def __init__(self, problem: Problem) -> None:
        """Take over code, wording and status of the stored error."""
        cause = _cause(problem)
        kind = kind_of(cause.code)
        is_of_model = issubclass(kind, ModelError)
        self.stored = cause if is_of_model else problem
        self.code = self.stored.code  # type: ignore[misc]
        self.status = HTTPStatus.BAD_REQUEST if is_of_model else kind_of(problem.code).status  # type: ignore[misc]
        super().__init__(**self.stored.params)

    @property
    def problem(self) -> Problem:
        return self.stored


def _message(told: Mapping[str, str]) -> str:
    """Return what happened and what to do, as sentences."""
    message = told["message"].strip()
    if not message.endswith((".", "!", "?", "。")):
        message += "."
    return join_texts((message, told["advice"]))


def _param_of(code: str) -> str | None:
    kind = kind_of(code)
    if issubclass(kind, AudioError | UploadError):
        return "file"
    return "model" if kind is ModelUnknown else None


def _type_of(status: int) -> str:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_error"
    return TYPES.get(HTTPStatus(status), "invalid_request_error")


def _cause(problem: Problem) -> Problem:
    """Return why the model could not be loaded, if that is it."""
    reason = problem.params.get("reason")
    if problem.code == InferenceUnavailable.code and isinstance(reason, Mapping) and "code" in reason:
        return Problem(reason["code"], reason["message"], reason.get("advice", ""), reason.get("params", {}))
    return problem
