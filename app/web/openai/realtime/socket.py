"""`WS /v1/realtime`: OpenAI's realtime transcription. docs/realtime-api.md describes the protocol.

One task receives from the client, another sends; the session outlives a connection that is cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import anyio
from fastapi import APIRouter, WebSocket
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from app.domain.errors.base import AppError
from app.domain.errors.live import LiveSessionsFull
from app.domain.errors.people import QuotaReached
from app.i18n import translator
from app.services.live import LiveEvent
from app.web.live.outbox import REFUSED, Closing, Outbox
from app.web.openai.realtime import events
from app.web.openai.realtime.events import Event
from app.web.openai.realtime.handshake import Handshake
from app.web.openai.realtime.messages import ClientEvent, parse
from app.web.openai.realtime.problems import RealtimeError
from app.web.openai.realtime.session import OVER, RealtimeSession, is_ours, told_problem
from app.web.openai.realtime.session_config import REALTIME_PATH, SessionConfig, parse_patch
from app.web.request import language_of
from app.web.services import services_of

router = APIRouter()

LARGE_MESSAGE = 256 * 1024  # characters, from which decoding would delay other clients
NO_STATUS = 1005  # RFC 6455: a close frame without a code, as browsers send it
TRY_LATER = 1013
FULL = (LiveSessionsFull, QuotaReached)
"""Why a session cannot begin now, but can later."""


@router.websocket(REALTIME_PATH)
@router.websocket("/openai/v1/realtime")
@router.websocket("/openai/realtime")
async def realtime(socket: WebSocket) -> None:
    """Transcribe what is said while it is said; the other two are the addresses of Azure's clients."""
    handshake = Handshake.of(socket)
    await socket.accept(subprotocol=handshake.subprotocol)
    await RealtimeConnection(socket, handshake).serve()


class RealtimeConnection:
    """One socket from its handshake to its end."""

    def __init__(self, socket: WebSocket, handshake: Handshake) -> None:
        services = services_of(socket)
        self._socket = socket
        self._handshake = handshake
        self._secrets = services.client_secrets
        self._translate = translator(language_of(socket))
        self._outbox: Outbox[Event | LiveEvent] = Outbox(socket, self._frames)
        self._session = RealtimeSession(
            services.live, handshake, services.default_options, self._translate, self._outbox.put_from_thread
        )

    async def serve(self) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                if await self._begin():
                    tasks.start_soon(self._receive, tasks.cancel_scope)
                tasks.start_soon(self._outbox.end_if_unread, tasks.cancel_scope)
                await self._outbox.send()
                tasks.cancel_scope.cancel()
        finally:
            self._session.detach()

    async def _begin(self) -> bool:
        """Answer the handshake; return whether the session has begun."""
        try:
            for event in await self._session.begin(self._configured()):
                self._outbox.put(event)
        except RealtimeError as error:
            self._outbox.put(events.event("error", error=error.told()))
            self._outbox.put(Closing(REFUSED, error.code))
            return False
        except AppError as error:
            self._tell_problem(error)
            self._outbox.put(Closing(TRY_LATER if isinstance(error, FULL) else REFUSED, error.code))
            return False
        return True

    def _configured(self) -> SessionConfig:
        """Return the configuration that the address and the key of the client name.

        Raises:
            RealtimeError: the key is not known.
        """
        if not self._handshake.secret:
            return self._handshake.config
        secret = self._secrets.find(self._handshake.secret)
        if secret is None:
            raise RealtimeError("invalid_api_key", "The client secret is not known, or has expired.")
        return self._handshake.config.updated(parse_patch(secret.session))

    # From the client

    async def _receive(self, connection: anyio.CancelScope) -> None:
        try:
            while True:
                await self._handle_next()
        except WebSocketDisconnect as cut:
            if cut.code == OVER:
                await self._session.end()
            connection.cancel()
        except Closing as closing:
            self._outbox.put(closing)

    async def _handle_next(self) -> None:
        """Handle one message; a wrong one is answered, and the session goes on."""
        said: ClientEvent | None = None
        try:
            text = await self._message()
            said = await run_in_threadpool(parse, text) if len(text) > LARGE_MESSAGE else parse(text)
            for event in await self._session.take(said):
                self._outbox.put(event)
        except RealtimeError as error:
            if said:
                error.caused_by(said.event_id)
            self._outbox.put(events.event("error", error=error.told()))
        except AppError as error:
            self._tell_problem(error)
            if isinstance(error, FULL):
                raise Closing(TRY_LATER, error.code) from None

    async def _message(self) -> str:
        """Return the next text.

        Raises:
            WebSocketDisconnect: the client has gone: with OVER if it said goodbye.
            RealtimeError: it is no text.
        """
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            # A connection that breaks ends without a close frame, and so without a reason.
            said_goodbye = message.get("code") in (OVER, NO_STATUS) and "reason" in message
            raise WebSocketDisconnect(OVER if said_goodbye else message.get("code", NO_STATUS))
        text = message.get("text")
        if not isinstance(text, str):
            raise RealtimeError("invalid_json", "Binary messages are not understood: send audio as base64 in JSON.")
        return text

    # To the client

    def _tell_problem(self, error: AppError) -> None:
        self._outbox.put(told_problem(error.problem, self._translate, is_ours=is_ours(error)))

    def _frames(self, news: Event | LiveEvent) -> Iterator[str]:
        for told in [news] if isinstance(news, dict) else self._session.tell(news):
            if isinstance(told, Closing):
                self._outbox.put(told)
            else:
                yield json.dumps(told, ensure_ascii=False)
