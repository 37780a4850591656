"""Bounds the WebSockets that are open at the same time: each costs memory before anybody has spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from app.domain.errors.live import TooManySockets
from app.web.errors import error_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

MOST_PER_SESSION = 4  # sockets for each allowed live session: clients keep some warm, or listen
LEAST = 64


class SocketLimit:
    """ASGI middleware: refuses a socket beyond the limit before it is accepted, with status 503."""

    def __init__(self, app: ASGIApp, live_sessions: int) -> None:
        self._app = app
        self._most = max(LEAST, MOST_PER_SESSION * live_sessions)
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
        elif self._open >= self._most:
            refusal = TooManySockets(most=self._most)
            await error_response(HTTPConnection(scope), refusal)(scope, receive, send)
        else:
            self._open += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._open -= 1
