"""Closes the connections of clients that hold them without using them.

A request's head has to be complete in time, and its body has to move; uvicorn itself closes connections that are idle
between two requests. Event streams and sockets have sent their request whole, so that no limit concerns them.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.logging import event

LEAST_BODY_BYTES = 1024
"""What has to arrive of a body within its time: the slowest line is far above it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """How long a client may take."""

    head_seconds: float
    """From the connection, or the first byte of a further request, to the end of the head."""
    body_seconds: float
    """In each such time LEAST_BODY_BYTES of a body have to arrive."""


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 that lets slow clients go."""

    limits: ClassVar[ClientLimits]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._received_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received_bytes += len(data)
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop_timers()
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

    def _let_go(self, part: str) -> None:
        event(_log, logging.INFO, "slow_client_let_go", part=part)
        self._stop_timers()
        self.transport.close()

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
