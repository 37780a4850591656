"""Error responses: JSON for programs, a page for people, both in the user's language."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.domain.errors.base import N_, AppError
from app.domain.errors.clients import QueueFull, ServerStopping, TranscriptionCancelled
from app.domain.errors.people import QuotaReached, TooManyAttempts, TooManyRequests, TooManyUploads
from app.domain.errors.requests import (
    InvalidParameter,
    MethodNotAllowed,
    NotFound,
    RangeNotSatisfiable,
    RequestTooLarge,
)
from app.i18n import translator
from app.logging import current_request_id, event
from app.store.files.storage_errors import KINDS, storage_error
from app.web.clients.errors import UNCHANGED_BY_A_REPEAT, JobFailed, asr_error, openai_error, openai_status
from app.web.request import LARGEST_FORM_BYTES, is_api, is_asr, is_openai, language_of, own_path

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import HTTPConnection


log = logging.getLogger(__name__)

QUEUE_FULL_SECONDS = 30
"""When a program may try again: OpenAI's clients repeat by themselves if it is at most two minutes."""
RESTART_SECONDS = 5
"""After which a server that stops may be there again."""
REFUSALS = frozenset((*KINDS, errno.EACCES, errno.EPERM))
"""What the file system says when it cannot do what a request needs."""


def install_error_handlers(app: FastAPI) -> None:
    app.exception_handler(AppError)(_on_app_error)
    app.exception_handler(RequestValidationError)(_on_validation_error)
    app.exception_handler(HTTPException)(_on_http_exception)
    app.exception_handler(OSError)(_on_storage_error)


def _refused_parameter(error: AppError) -> str:
    return str(error.params["name"]) if isinstance(error, InvalidParameter) else ""


def error_response(asked: HTTPConnection, error: AppError, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response for `error`: JSON under /api/ and for sockets, a page elsewhere."""
    told = error.problem.explained(translator(language_of(asked)))
    told["request_id"] = current_request_id()
    if field := error.params.get("field") or _refused_parameter(error):
        told["field"] = field
    path = own_path(asked.scope)
    if isinstance(asked, Request) and not is_api(path):
        return _error_page(asked, told, error.status, headers)
    told = {name: str(text).encode(errors="replace").decode() for name, text in told.items()}  # halves of characters
    if isinstance(asked, Request) and is_openai(path):
        status = openai_status(error.code, error.status)
        return JSONResponse(openai_error(told, status), status, headers)
    return JSONResponse(asr_error(told) if is_asr(path) else {"error": told}, error.status, headers)


def refused(asked: HTTPConnection, error: AppError) -> Response:
    """Return the response for an error that a middleware finds, with its headers."""
    event(log, logging.INFO, "request_refused", code=error.code)
    return error_response(asked, error, _headers_of(error))


def _error_page(request: Request, told: dict[str, str], status: int, headers: Mapping[str, str] | None) -> Response:
    from app.web.templating import render

    return render(request, "pages/error.html", {"error": told, "status": status}, status, headers)


def _on_app_error(request: Request, error: AppError) -> Response:
    if isinstance(error, InvalidParameter) and "\0" in request.url.path:
        error = NotFound(path=request.url.path)  # an id that not every database can be asked for is nobody's
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Without a cause the code is enough: tracebacks of /health would fill the log.
        event(
            log,
            logging.ERROR,
            "request_failed",
            exc_info=error if error.__cause__ else False,
            code=error.code,
        )
    else:
        event(log, logging.INFO, "request_refused", code=error.code)
    return error_response(request, error, _headers_of(error))


def _on_storage_error(request: Request, error: OSError) -> Response:
    """Tell what the file system refuses, wherever it was met; a broken connection is no matter of files."""
    if error.errno not in REFUSALS:
        raise error
    folder = Path(os.fsdecode(error.filename)).parent if isinstance(error.filename, str | bytes) else Path()
    told = storage_error(error, folder)
    told.__cause__ = error
    return _on_app_error(request, told)


def _on_validation_error(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return _on_app_error(request, InvalidParameter(name="body", reason=N_("it is not well-formed JSON")))
    name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return _on_app_error(request, InvalidParameter(name=name, reason=first["msg"]))


def _on_http_exception(request: Request, error: HTTPException) -> Response:
    """Convert the framework's errors to ours."""
    ours = _as_app_error(request, error)
    response = _on_app_error(request, ours)
    if error.status_code != HTTPStatus.BAD_REQUEST:  # a body that cannot be read is 422, whatever is wrong with it
        response.status_code = error.status_code
    response.headers.update(error.headers or {})
    return response


def _as_app_error(request: Request, error: HTTPException) -> AppError:
    path = request.url.path
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound(path=path)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed(path=path, method=request.method)
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return RequestTooLarge(limit_kb=LARGEST_FORM_BYTES // 1024)
    return InvalidParameter(name="request", reason=str(error.detail))


def _headers_of(error: AppError) -> dict[str, str]:
    if isinstance(error, QueueFull):
        return {"retry-after": str(QUEUE_FULL_SECONDS)}
    if isinstance(error, TooManyAttempts | QuotaReached | TooManyRequests | TooManyUploads):
        return {"retry-after": str(error.params["seconds"])}
    if isinstance(error, ServerStopping):
        return {"retry-after": str(RESTART_SECONDS)}
    if isinstance(error, JobFailed | TranscriptionCancelled):
        return UNCHANGED_BY_A_REPEAT
    if isinstance(error, RangeNotSatisfiable):
        return {"content-range": f"bytes */{error.params['size']}"}
    return {}
