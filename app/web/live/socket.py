"""The WebSocket of live recognition, and the list of sessions. The protocol is in docs/live-protocol.md.

Two tasks share a connection: one receives from the client, the other sends the session's events.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial

import anyio
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from app.domain.errors.base import N_, AppError
from app.domain.errors.live import LiveMessageWrong, LiveSessionOver, LiveSilent, LiveUnread
from app.i18n import translator
from app.logging import event
from app.services.live import Ended, EndedSession, ErrorEvent, Session
from app.web.dependencies import ServicesDep
from app.web.live.events import News, Pong, started_again, to_json
from app.web.live.messages import AudioStart, AudioStop, Clear, Commit, Ping, SettingsWanted, chunk_of, parse
from app.web.openapi import errors
from app.web.pools import FILES
from app.web.request import language_of
from app.web.routers import ApiRouter
from app.web.schemas.live import LiveSessions, session_item
from app.web.services import services_of

router = ApiRouter(prefix="/live", tags=["live"])

MOST_NEWS = 1000  # queued for a client that does not read
CATCHING_UP_SECONDS = 5.0  # longest pause between two messages while the session is behind
LOOK_SECONDS = 0.05
SILENCE_SECONDS = 5.0  # the client pings every second
_log = logging.getLogger(__name__)
OVER, GOING_AWAY, REFUSED = 1000, 1001, 1008  # codes of RFC 6455


@router.get("/sessions", responses=errors())
def live_sessions(services: ServicesDep) -> LiveSessions:
    """List the live sessions that go on, also those whose client is away at the moment."""
    return LiveSessions(items=[session_item(facts) for facts in services.live.sessions()])


@router.websocket("")
async def live(socket: WebSocket) -> None:
    """Recognise what is said while it is said."""
    await socket.accept()
    await Connection(socket).serve()


class Connection:
    """One socket from its first message to its end; the session outlives it."""

    def __init__(self, socket: WebSocket) -> None:
        services = services_of(socket)
        self._socket = socket
        self._live = services.live
        self._defaults = services.default_options
        self._translate = translator(language_of(socket))
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[News] = asyncio.Queue()
        self._session: Session | None = None
        self._unread = asyncio.Event()  # set when too much is queued for the client

    async def serve(self) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._receive, tasks.cancel_scope)
                tasks.start_soon(self._end_if_unread, tasks.cancel_scope)
                await self._send()
                tasks.cancel_scope.cancel()
        finally:
            if self._session:
                self._session.detach(self._listen)

    # From the client

    async def _receive(self, connection: anyio.CancelScope) -> None:
        """Handle messages until the client disconnects or sends something invalid."""
        try:
            await self._begin(await self._message())
            while True:
                self._handle(await self._message())
                await self._catch_up()
        except WebSocketDisconnect:
            connection.cancel()
        except AppError as error:
            self._listen(ErrorEvent(error.problem, is_fatal=True))

    async def _catch_up(self) -> None:
        """Stop reading while the session is behind: TCP backpressure slows the client down."""
        with anyio.move_on_after(CATCHING_UP_SECONDS):
            while self._session and self._session.is_behind:  # noqa: ASYNC110 - threads change it
                await anyio.sleep(LOOK_SECONDS)

    async def _end_if_unread(self, connection: anyio.CancelScope) -> None:
        """Close the connection of a client that never reads; its session stays."""
        await self._unread.wait()
        event(_log, logging.WARNING, "live_unread", waiting=self._news.qsize())
        connection.cancel()
        with anyio.move_on_after(1, shield=True), suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.close(REFUSED, LiveUnread.code)

    async def _message(self) -> str | bytes:
        """Return the client's next message.

        Raises:
            WebSocketDisconnect: it has disconnected.
            LiveSilent: it sends nothing, so the connection is taken as lost.
        """
        try:
            with anyio.fail_after(SILENCE_SECONDS):
                message = await self._socket.receive()
        except TimeoutError:
            raise LiveSilent(seconds=round(SILENCE_SECONDS)) from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", GOING_AWAY))
        text: str | None = message.get("text")
        return message.get("bytes") or b"" if text is None else text

    async def _begin(self, message: str | bytes) -> None:
        start = None if isinstance(message, bytes) else parse(message)
        if not isinstance(start, AudioStart):
            raise LiveMessageWrong(reason=N_("the first message must be audio-start"))
        if start.session:
            await self._resume(start.session, start.token or "")
        else:
            options = start.options_over(self._defaults)
            name = start.name_in(self._translate)
            begin = partial(self._live.begin, name, options, self._listen, channels=start.said_channels)
            self._session = await FILES.run(begin)

    async def _resume(self, id: str, token: str) -> None:
        found = await FILES.run(self._live.resume, id, token, self._listen)
        if isinstance(found, Session):
            self._session = found
            return
        self._send_end(found)

    def _send_end(self, over: EndedSession) -> None:
        """Send the end of a session that the client missed."""
        self._listen(started_again(over))
        if not over.as_asked:
            self._listen(ErrorEvent(LiveSessionOver().problem))
        self._listen(Ended(over.transcription))

    def _handle(self, message: str | bytes) -> None:
        session = self._session
        if session is None:  # already ended; its end is on the way to the client
            return
        if isinstance(message, bytes):
            session.accept(*chunk_of(message, session.channels.count))
            return
        said = parse(message)
        if isinstance(said, Ping):
            self._listen(Pong(said.sent_at))
        elif isinstance(said, SettingsWanted):
            session.change(said.options_over(session.options))
        elif isinstance(said, Commit):
            session.commit()
        elif isinstance(said, Clear):
            session.clear()
        elif isinstance(said, AudioStop):
            session.stop(said.chunks)
        else:
            raise LiveMessageWrong(reason=N_("audio-start comes only once"))

    # To the client

    def _listen(self, news: News) -> None:
        """Queue an event from any thread; events are sent in order."""
        with suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(self._put, news)

    def _put(self, news: News) -> None:
        if self._news.qsize() < MOST_NEWS:
            self._news.put_nowait(news)
        else:
            self._unread.set()

    async def _send(self) -> None:
        """Send events until the session or this connection ends."""
        with suppress(WebSocketDisconnect, RuntimeError):  # disconnected; the receiving task notices, too
            while True:
                news = await self._news.get()
                await self._socket.send_text(to_json(news, self._translate))
                if isinstance(news, Ended):
                    await self._socket.close(OVER)
                    return
                if isinstance(news, ErrorEvent) and news.is_fatal:
                    await self._socket.close(REFUSED, news.problem.code)
                    return
