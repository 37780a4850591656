"""A real S3 server in a process of its own (moto's, in .venv-s3), and a line to it that can be cut."""

from __future__ import annotations

import os
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from urllib.error import URLError

import pytest

from tests.conftest import REPOSITORY
from tests.waiting import wait_until

SERVER = REPOSITORY / ".venv-s3" / "bin" / "moto_server"
needs_server = pytest.mark.skipif(
    not SERVER.exists(), reason="needs .venv-s3 with moto's server: scripts/test.sh makes it"
)
BUCKET = "recordings"
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIATESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
    "AWS_REGION": "us-east-1",
}


@dataclass(frozen=True)
class S3Server:
    """One server; what a test does with a bucket is seen by all."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make_bucket(self, name: str = BUCKET) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.address}/{name}", method="PUT")).close()  # noqa: S310


def environment(address: str) -> dict[str, str]:
    """Return the variables with which a program finds the server."""
    return {**KEYS, "AWS_ENDPOINT_URL": address}


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[S3Server]:
    """Run a server with an empty bucket during the block."""
    port = port or _free_port()
    command = [SERVER, "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "s3.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"MOTO_S3_CUSTOM_ENDPOINTS": ""})
    server = S3Server(port, folder)
    try:
        wait_until(lambda: _answers(server), lambda: (folder / "s3.log").read_text()[-2000:])
        server.make_bucket()
        yield server
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _answers(server: S3Server) -> bool:
    with suppress(URLError, OSError):
        urllib.request.urlopen(f"{server.address}/moto-api/data.json").close()  # noqa: S310 - our own
        return True
    return False


class Line:
    """A TCP proxy between a program and the server. `cut` breaks all connections and refuses new ones; after `hush`
    nothing passes in either direction, and nobody is told. `mend` ends both.

    `answer` is asked with the head of each request; what it returns is sent in place of the server's answer.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._is_cut = False
        self._flows = Event()
        self._flows.set()
        self.is_silent = False
        """Requests arrive nowhere, but nobody says so."""
        self.answer: Callable[[bytes], bytes | None] = lambda _: None
        self.passed_bytes = 0
        """Towards the server."""
        self.cut_after: int | None = None
        """Cut once so many bytes have passed."""
        Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self._is_cut = True
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def hush(self) -> None:
        self._flows.clear()

    def mend(self) -> None:
        """What was sent meanwhile arrives now, as it does after packets were lost."""
        self.cut_after = None
        self._is_cut = False
        self._flows.set()

    def close(self) -> None:
        self.cut()
        self._flows.set()
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                if self._is_cut:
                    client.close()
                else:
                    Thread(target=self._join, args=[client], daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        self._flows.wait()
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._target)) as server:
            with self._lock:
                self._open |= {client, server}
            back = Thread(target=self._pass, args=[server, client], daemon=True)
            back.start()
            self._pass(client, server, is_request=True)
            back.join()
            with self._lock:
                self._open -= {client, server}

    def _pass(self, source: socket.socket, target: socket.socket, *, is_request: bool = False) -> None:
        with suppress(OSError):
            while block := source.recv(65536):
                self._flows.wait()
                if is_request and self.is_silent:
                    continue
                if is_request and (told := self.answer(block)):
                    source.sendall(told)
                    break
                target.sendall(block)
                if is_request:
                    self._count(len(block))
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _count(self, number: int) -> None:
        self.passed_bytes += number
        if self.cut_after is not None and self.passed_bytes > self.cut_after:
            self.cut()
