"""Gives every request an id, binds it to the log context, and logs one line per response.

Query strings are not logged: a search may contain what somebody said.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from app import metrics
from app.domain.errors.base import AppError
from app.logging import bound, event
from app.web.errors import error_response
from app.web.request import own_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

SANE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
QUIET_PATHS = (
    "/static/",
    "/health",
    "/ready",
    "/metrics",
    "/api/v1/health",
    "/api/v1/ready",
    "/api/v1/logs",
    "/api/v1/system",
)  # frequent and uninteresting: only at DEBUG
CLIENT_WENT_AWAY = 499  # nginx's status for a client that closed the connection


class RequestLog:
    """ASGI middleware: X-Request-ID (the client's own if valid), the log line, and the last error handler."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        with bound(request=request_id):
            answer = self._answer if scope["type"] == "http" else self._converse
            await answer(scope, receive, send, request_id)

    async def _converse(self, scope: Scope, receive: Receive, send: Send, _request_id: str) -> None:
        """Handle a WebSocket: it has no response, so one line logs its duration."""
        started = time.perf_counter()
        try:
            await self._app(scope, receive, send)
        except Exception:
            event(log, logging.ERROR, "socket_failed", exc_info=True, path=own_path(scope))
            raise
        finally:
            seconds = round(time.perf_counter() - started, 1)
            event(log, logging.INFO, "socket", path=own_path(scope), seconds=seconds)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        status = CLIENT_WENT_AWAY

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(raw=message["headers"])["x-request-id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            event(log, logging.ERROR, "request_failed", exc_info=True, path=own_path(scope))
            if status != CLIENT_WENT_AWAY:
                raise  # the response has started: only the server can end it, by closing the connection
            await error_response(Request(scope), AppError())(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            metrics.requests.labels(scope["method"], _route(scope), status).observe(seconds)
            event(
                log,
                _level(own_path(scope), status),
                "request",
                method=scope["method"],
                path=own_path(scope),
                status=status,
                ms=round(seconds * 1000, 1),
            )


def _route(scope: Scope) -> str:
    """Return the pattern of the route; few values, whatever is asked for."""
    return getattr(scope.get("route"), "path", "") or "other"


def _level(path: str, status: int) -> int:
    is_quiet = path.startswith(QUIET_PATHS) and status < HTTPStatus.INTERNAL_SERVER_ERROR
    return logging.DEBUG if is_quiet else logging.INFO


def _request_id(headers: Headers) -> str:
    sent = headers.get("x-request-id", "")
    return sent if SANE_ID.fullmatch(sent) else secrets.token_hex(6)
