"""The port of `serve --funasr-port`: every path there is FunASR's websocket, and nothing else is."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from app.web.request import FUNASR_PATH, ON_FUNASR_PORT

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

TOLD = "This port speaks FunASR's websocket protocol. The pages are on the other port.\n"


class FunasrPort:
    """ASGI middleware: clients choose any path, and browsers that open the address are told where they are."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope.get("server") or ("", None))[1] != self._port:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            here = {"path": FUNASR_PATH, "raw_path": FUNASR_PATH.encode(), ON_FUNASR_PORT: True}
            await self._app({**scope, **here}, receive, send)
        else:
            await PlainTextResponse(TOLD, HTTPStatus.UPGRADE_REQUIRED)(scope, receive, send)
