"""WebSockets as uvicorn speaks them, with another way to notice dead connections where clients of FunASR connect."""

from __future__ import annotations

import logging
import socket
from asyncio import BaseTransport
from typing import Any, ClassVar

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.web.request import FUNASR_PATH

KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Seconds of silence before the first probe, between probes, and how many may stay unanswered."""


_faults = logging.getLogger("uvicorn.error.sockets")
_faults.setLevel(logging.WARNING)


class PatientSockets(WebSocketsSansIOProtocol):
    """Sends no pings to FunASR's clients: some read nothing while they send, and would be cut off. TCP probes instead."""

    funasr_port: ClassVar[int | None] = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = _faults  # uvicorn tells of every connection, with the keys that its address may have

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in KEEPALIVE.items():
                if option := getattr(socket, name, None):
                    connection.setsockopt(socket.IPPROTO_TCP, option, value)

    def start_keepalive(self) -> None:
        is_of_funasr = self.scope["path"].endswith(FUNASR_PATH) or (self.server or ("", None))[1] == self.funasr_port
        if not is_of_funasr:
            super().start_keepalive()


def sockets_with(funasr_port: int | None) -> type[PatientSockets]:
    """Return the protocol as uvicorn takes it."""
    return type("Sockets", (PatientSockets,), {"funasr_port": funasr_port})
