"""A TCP relay to a server that can be slow, cut or dead, like a real network."""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

PART_BYTES = 16 * 1024
UPGRADE = re.compile(rb"(?im)^(Upgrade|Connection|Sec-WebSocket-[\w-]+):.*\r\n")


class Line:
    """Listens at `address` and passes everything on. While it is cut, open connections break and new ones too.

    While it is dead nothing arrives on either side, and nobody is told. It can be cut for one address only, as
    `b"GET /api/v1/live"`.
    """

    def __init__(
        self, server_port: int, bytes_per_second: float | None = None, *, drops_upgrades: bool = False
    ) -> None:
        self.bytes_per_second = bytes_per_second
        self._drops_upgrades = drops_upgrades
        self._server_port = server_port
        self._is_cut = False
        self._cut_address = b""
        self._is_alive = threading.Event()
        self._is_alive.set()
        self._ends: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _close(self._listener)
        self.cut()
        self._is_alive.set()

    def cut(self) -> None:
        self._is_cut = True
        for end in list(self._ends):
            _close(end)

    def cut_address(self, request: bytes) -> None:
        self._cut_address = request
        for end in list(self._ends):
            _close(end)

    def die(self) -> None:
        self._is_alive.clear()

    def mend(self) -> None:
        self._is_cut = False
        self._cut_address = b""
        self._is_alive.set()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                browser, _ = self._listener.accept()
                if self._is_cut:
                    browser.close()
                else:
                    self._connect(browser)

    def _connect(self, browser: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._server_port))
        self._ends |= {browser, server}
        for source, sink, pace in ((browser, server, True), (server, browser, False)):
            threading.Thread(target=self._pass_on, args=(source, sink, pace), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_slow: bool) -> None:
        with suppress(OSError):
            while data := source.recv(PART_BYTES):
                if self._cut_address and data.startswith(self._cut_address):
                    break
                if self._drops_upgrades:
                    data = UPGRADE.sub(b"", data)  # as many old proxies do
                if is_slow and self.bytes_per_second:
                    time.sleep(len(data) / self.bytes_per_second)
                self._is_alive.wait()
                sink.sendall(data)
        for end in (source, sink):
            _close(end)
            self._ends.discard(end)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
