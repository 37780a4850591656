"""What is to be sent to one client: filled from any thread, sent in order, and bounded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

import anyio
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from app.domain.errors.live import LiveUnread
from app.logging import event

LARGEST_MESSAGE_BYTES = 32 * 2**20  # beyond, uvicorn closes; each protocol refuses smaller ones with a reason
MOST_NEWS = 1000  # queued for a client that does not read
REFUSED = 1008  # RFC 6455: the client breaks a rule
LONGEST_REASON = 120  # bytes of a close frame

_News = TypeVar("_News")
_log = logging.getLogger(__name__)


class Closing(Exception):
    """The connection is closed with this code, after what is queued before it."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Outbox(Generic[_News]):
    """The queue of one connection; `to_frames` makes the texts to send of each piece of news."""

    def __init__(self, socket: WebSocket, to_frames: Callable[[_News], Iterable[str]]) -> None:
        self._socket = socket
        self._to_frames = to_frames
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[_News | Closing] = asyncio.Queue()
        self._unread = asyncio.Event()  # set when too much is queued

    def put_from_thread(self, news: _News) -> None:
        """Queue news from any thread; the order is kept."""
        with suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(self.put, news)

    def put(self, news: _News | Closing) -> None:
        if self._queue.qsize() < MOST_NEWS:
            self._queue.put_nowait(news)
        else:
            self._unread.set()

    async def send(self) -> None:
        """Send until the client has gone, or what was queued closes the connection."""
        with suppress(WebSocketDisconnect, RuntimeError):  # disconnected; the receiving task notices, too
            while True:
                news = await self._queue.get()
                if isinstance(news, Closing):
                    await self._socket.close(news.code, news.reason[:LONGEST_REASON])
                    return
                for frame in self._to_frames(news):
                    await self._socket.send_text(frame)

    async def end_if_unread(self, connection: anyio.CancelScope) -> None:
        """Close the connection of a client that never reads."""
        await self._unread.wait()
        event(_log, logging.WARNING, "live_unread", waiting=self._queue.qsize())
        connection.cancel()
        with anyio.move_on_after(1, shield=True), suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.close(REFUSED, LiveUnread.code)
