"""One connection of a FunASR client: recordings one after another, each begun by a configuration and ended by a message.

A task reads ahead a little, so that a client that goes away is noticed while its text is computed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import anyio
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from app.domain.errors.base import AppError, Problem
from app.domain.errors.funasr import FunasrMessageWrong, FunasrSoundTooEarly
from app.i18n import translator
from app.logging import event
from app.services.live import LiveEvent
from app.web.funasr.answers import Answer, Told
from app.web.funasr.dialect_d import CommandDialect, is_command
from app.web.funasr.live_recording import LiveRecording
from app.web.funasr.messages import USUAL_NAME, Configuration, Mode, TextMessage, parse
from app.web.funasr.recording import Recording, Surroundings, acknowledgement, explained
from app.web.funasr.whole_recording import WholeRecording
from app.web.live.outbox import Outbox
from app.web.request import language_of
from app.web.services import services_of

MOST_EARLY_BYTES = 16 * 2**20  # of sound before its configuration
READ_AHEAD = 4  # messages

Frame: TypeAlias = str | bytes
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Current:
    """The recording that goes on."""

    config: Configuration
    recording: Recording | None
    """None if it could not begin."""
    problem: Problem | None = None

    @property
    def failure(self) -> Problem | None:
        return self.problem or (self.recording.problem if self.recording else None)

    @property
    def told(self) -> Told:
        return Told(self.config.mode.value, self.config.name)


@dataclass(slots=True)
class Teller:
    """Takes the events of one live session, in the order in which they are sent."""

    tell: Callable[[LiveEvent], None] = lambda _: None


@dataclass(slots=True)
class Early:
    """Sound that came before its configuration."""

    frames: list[bytes] = field(default_factory=list)
    size_bytes: int = 0

    def add(self, frame: bytes) -> None:
        self.size_bytes += len(frame)
        if self.size_bytes > MOST_EARLY_BYTES:
            self.frames, self.size_bytes = [], 0
            raise FunasrSoundTooEarly(limit_mb=MOST_EARLY_BYTES // 2**20)
        self.frames.append(frame)

    def taken(self) -> list[bytes]:
        frames, self.frames, self.size_bytes = self.frames, [], 0
        return frames


class FunasrConnection:
    """One socket from its first message to its end."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._translate = translator(language_of(socket))
        self._outbox: Outbox[Answer | tuple[Teller, LiveEvent]] = Outbox(socket, self._frames)
        self._gone = anyio.Event()
        self._services = services_of(socket)
        self._early = Early()
        self._current: Current | None = None
        self._last = Current(Configuration(), None)  # what errors outside of a recording refer to

    async def serve(self) -> None:
        send, receive = anyio.create_memory_object_stream[Frame](READ_AHEAD)
        async with anyio.create_task_group() as tasks, send, receive:
            tasks.start_soon(self._outbox.send)
            tasks.start_soon(self._outbox.end_if_unread, tasks.cancel_scope)
            tasks.start_soon(self._read, send)
            try:
                await self._handle_all(receive)
            finally:
                with anyio.CancelScope(shield=True):
                    await self._abandon()
                tasks.cancel_scope.cancel()

    async def _read(self, send: anyio.abc.ObjectSendStream[Frame]) -> None:
        async with send:
            try:
                while True:
                    message = await self._socket.receive()
                    if message["type"] == "websocket.disconnect":
                        break
                    text = message.get("text")
                    await send.send(text if isinstance(text, str) else message.get("bytes") or b"")
            except (WebSocketDisconnect, anyio.BrokenResourceError):
                pass
            finally:
                self._gone.set()

    async def _handle_all(self, receive: anyio.abc.ObjectReceiveStream[Frame]) -> None:
        is_first = True
        async for frame in receive:
            if isinstance(frame, str) and is_first and is_command(frame):
                await self._commanded().serve(frame, receive)
                return
            is_first = is_first and not isinstance(frame, str)
            await self._handle(frame)

    async def _handle(self, frame: Frame) -> None:
        """Handle one message; a mistake is told, and the connection goes on."""
        try:
            if isinstance(frame, bytes):
                await self._take(frame)
            else:
                await self._hear(parse(frame))
        except AppError as error:
            self._fail(error)

    async def _take(self, frame: bytes) -> None:
        current = self._current
        if current is None:
            self._early.add(frame)
        elif current.recording and current.failure is None:
            await current.recording.take(frame)

    async def _hear(self, message: TextMessage) -> None:
        current = self._current
        if current is None:
            await self._begin(message)
        elif not message.is_end and message.name and message.name != current.config.name:
            await self._finish(wants_acknowledgement=False)
            await self._begin(message)
        if message.is_end:
            await self._finish(wants_acknowledgement=message.wants_acknowledgement)

    async def _begin(self, message: TextMessage) -> None:
        """Begin a recording with its configuration, and with the sound that came before."""
        frames = self._early.taken()
        self._current = self._last = Current(Configuration(name=message.name or USUAL_NAME), None)
        try:
            config = message.configuration()
            self._current = self._last = Current(config, None)
            self._current.recording = recording = self._recording(config)
            for frame in frames:
                await recording.take(frame)
        except AppError as error:
            self._tell_failure(self._current, error)

    def _recording(self, config: Configuration) -> Recording:
        if config.mode is Mode.OFFLINE:
            return WholeRecording(config, self._around(Teller()))
        teller = Teller()
        recording = LiveRecording(config, self._around(teller))
        teller.tell = recording.tell
        return recording

    def _commanded(self) -> CommandDialect:
        teller = Teller()
        dialect = CommandDialect(self._around(teller))
        teller.tell = dialect.tell
        return dialect

    def _around(self, teller: Teller) -> Surroundings:
        def listen(news: LiveEvent) -> None:
            self._outbox.put_from_thread((teller, news))

        return Surroundings(self._services, self._translate, self._outbox.put, listen, self._gone)

    async def _finish(self, *, wants_acknowledgement: bool) -> None:
        current, self._current = self._current, None
        if current is None:
            return
        try:
            if current.recording and current.failure is None:
                await current.recording.finish()
        except AppError as error:
            self._tell_failure(current, error)
        if wants_acknowledgement:
            self._outbox.put(acknowledgement(current.told, current.config, current.failure, self._translate))

    def _fail(self, error: AppError) -> None:
        """Tell what went wrong; a recording that cannot go on is over for the client."""
        current = self._current
        if current is None or isinstance(error, FunasrMessageWrong):
            details = explained(error.problem, self._translate)
            self._outbox.put(self._last.told.message(is_final=False, **details))
            return
        self._tell_failure(current, error)

    def _tell_failure(self, current: Current, error: AppError) -> None:
        event(_log, logging.INFO, "funasr_refused", code=error.code)
        if current.problem is None:
            current.problem = error.problem
            self._outbox.put(current.told.message(is_final=True, **explained(error.problem, self._translate)))

    async def _abandon(self) -> None:
        if self._current and self._current.recording and self._current.failure is None:
            await self._current.recording.abandon()

    def _frames(self, news: Answer | tuple[Teller, LiveEvent]) -> Iterator[str]:
        if isinstance(news, tuple):
            teller, told = news
            teller.tell(told)
        else:
            yield json.dumps(news, ensure_ascii=False)
