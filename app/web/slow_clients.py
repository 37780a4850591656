"""Closes the connections of clients that hold them without using them.

A request's head has to be complete in time, its body has to move, and so has the answer once the system's buffers are
full; uvicorn itself closes connections that are idle between two requests. A quiet event stream has nothing to move, and
a socket has its own pings.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, ClassVar

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.logging import event

LEAST_BODY_BYTES = 1024
"""What has to arrive of a body within its time: the slowest line is far above it."""

LARGEST_HEAD_BYTES = 16 << 10  # as h11 has it

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """How long a client may take."""

    head_seconds: float
    """From the connection, or the first byte of a further request, to the end of the head."""
    body_seconds: float
    """In each such time LEAST_BODY_BYTES of a body have to arrive."""
    answer_seconds: float
    """In each such time a client has to take something of what waits for it."""
    farewell_seconds: float
    """How long an answer may go on when the server stops."""


class CountingConnection(h11.Connection):
    """Counts what it gives out to be sent."""

    bytes_out = 0

    def send(self, event: h11.Event) -> bytes | None:  # type: ignore[override]  # without h11's overload for the end
        """Return the bytes of an event, as h11 does."""
        data = super().send(event)
        self.bytes_out += len(data or b"")
        return data


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 that lets slow clients go."""

    limits: ClassVar[ClientLimits]

    conn: CountingConnection

    def __init__(self, config: Config, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        most = config.h11_max_incomplete_event_size or LARGEST_HEAD_BYTES
        self.conn = CountingConnection(h11.SERVER, most)
        self._answer_timer: asyncio.TimerHandle | None = None
        self._taken_bytes = -1  # by the client, when last looked at; -1 where nothing waited for it
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._received_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()
        self._check_answer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timers()
        self._stop_answer_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received_bytes += len(data)
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def shutdown(self) -> None:
        """End the connection; an answer that nobody takes is broken off before uvicorn cancels its task."""
        super().shutdown()
        self.loop.call_later(self.limits.farewell_seconds, self.transport.abort)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop_timers()
        self._stop_answer_timer()
        super().handle_websocket_upgrade(event)

    def _watch(self) -> None:
        """Let the timers fit what the client is sending."""
        state = self.conn.their_state
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            self._stop_timers()
        elif state is h11.SEND_BODY:
            self._stop_head_timer()
            self._await_body()
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            self._stop_body_timer()
            self._await_head()
        else:
            self._stop_timers()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.head_seconds, self._let_go, "head")

    def _await_body(self) -> None:
        if self._body_timer is None:
            seen = self._received_bytes
            self._body_timer = self.loop.call_later(self.limits.body_seconds, self._check_body, seen)

    def _check_body(self, seen_bytes: int) -> None:
        self._body_timer = None
        is_ours = self.flow.read_paused  # the program itself is behind
        if is_ours or self._received_bytes - seen_bytes >= LEAST_BODY_BYTES:
            self._watch()
        else:
            self._let_go("body")

    def _check_answer(self) -> None:
        """Look whether the client has taken anything since the last look; also what is closed waits to be taken."""
        waiting = self.transport.get_write_buffer_size()
        taken = self.conn.bytes_out - waiting if waiting else -1
        if waiting and taken == self._taken_bytes:
            self._let_go("answer")
            return
        self._taken_bytes = taken
        self._answer_timer = self.loop.call_later(self.limits.answer_seconds, self._check_answer)

    def _let_go(self, part: str) -> None:
        event(_log, logging.INFO, "slow_client_let_go", part=part)
        self._stop_timers()
        self.transport.abort()  # `close` waits until everything has been taken

    def _stop_answer_timer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _stop_timers(self) -> None:
        self._stop_head_timer()
        self._stop_body_timer()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_body_timer(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None


def protocol_with(limits: ClientLimits) -> type[GuardedProtocol]:
    """Return the protocol with these limits, as uvicorn takes it."""
    return type("LimitedProtocol", (GuardedProtocol,), {"limits": limits})
