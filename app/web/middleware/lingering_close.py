"""Reads the rest of a refused upload, so that its client receives the refusal (lingering close).

A connection closed while the client is still sending is reset, and the client may never see the response written
before. So the response is sent first, and then the remaining body is read and discarded for a bounded time (nginx
calls it lingering close) before the connection is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL_BODY_BYTES = 64 * 1024  # less than this arrives with the headers; no need to wait
LINGER_SECONDS = 30.0
SILENCE_SECONDS = 3.0  # a client silent for this long has stopped


class LingeringClose:
    """ASGI middleware: a response sent before a large body was fully read is followed by a bounded read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _has_large_body(Headers(scope=scope)):
            exchange = _Exchange(receive, send)
            await self._app(scope, exchange.receive, exchange.send)
        else:
            await self._app(scope, receive, send)


class _Exchange:
    """One request and its response; tracks whether the body was fully read."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._body_ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._body_ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self._body_ended:
            await self._send(message)
        elif message["type"] == "http.response.start":
            MutableHeaders(raw=message["headers"])["connection"] = "close"
            await self._send(message)
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._drain()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self) -> None:
        with anyio.move_on_after(LINGER_SECONDS):
            while not self._body_ended:
                with anyio.move_on_after(SILENCE_SECONDS) as silence:
                    await self.receive()
                if silence.cancelled_caught:
                    return


def _has_large_body(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    return "transfer-encoding" in headers or not length.isdecimal() or int(length) > SMALL_BODY_BYTES
