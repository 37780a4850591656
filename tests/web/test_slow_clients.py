"""Clients that hold a connection without using it are let go; those that are only slow are not."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.conftest import data_folder
from tests.web.conftest import Server, serving

LIMIT_SECONDS = 1
PATIENCE_SECONDS = 6.0
PAUSE_SECONDS = 0.25
HEAD = b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n"
BIG_ANSWER = "/api/v1/openapi.json"
ANSWERS = 40
MANY_ANSWERS = f"GET {BIG_ANSWER} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode() * ANSWERS
UPLOAD = b"POST /api/v1/doctor/upload HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n"


@pytest.fixture(name="quick", scope="module")
def _quick(tmp_path_factory: pytest.TempPathFactory, empty: object) -> Iterator[Server]:
    """A server whose limits are a second each."""
    folder = tmp_path_factory.mktemp("quick")
    limits = {f"{part}_timeout_seconds": str(LIMIT_SECONDS) for part in ("head", "body", "answer", "idle")}
    with serving(data_folder(folder / "data", empty), folder / "logs", **limits) as server:
        yield server


def nothing(_line: socket.socket) -> None:
    """Send nothing at all."""


def half_a_head(line: socket.socket) -> None:
    line.sendall(HEAD)


def half_a_second_head(line: socket.socket) -> None:
    line.sendall(HEAD + b"\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 200")
    line.sendall(HEAD)


def nothing_more(line: socket.socket) -> None:
    line.sendall(HEAD + b"\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 200")


def half_a_body(line: socket.socket) -> None:
    line.sendall(UPLOAD % 100_000 + bytes(5000))


def nothing_after_a_body(line: socket.socket) -> None:
    line.sendall(UPLOAD % 3 + b"abc")
    assert line.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "begin", [nothing, half_a_head, half_a_second_head, nothing_more, half_a_body, nothing_after_a_body]
)
def test_a_client_that_sends_no_more_is_let_go(quick: Server, begin: Callable[[socket.socket], None]) -> None:
    with closing(socket.create_connection(quick.host_and_port)) as line:
        begin(line)
        assert is_closed(line, PATIENCE_SECONDS)


@pytest.mark.parametrize("beginning", [HEAD + b"x-slow: ", UPLOAD % 100_000])
def test_a_client_that_sends_a_byte_now_and_then_is_let_go(quick: Server, beginning: bytes) -> None:
    with closing(socket.create_connection(quick.host_and_port)) as line:
        line.sendall(beginning)
        assert any(closed_after_byte(line) for _ in range(round(PATIENCE_SECONDS / PAUSE_SECONDS)))


def test_a_slow_but_steady_upload_arrives(quick: Server) -> None:
    pieces = round(3 * LIMIT_SECONDS / PAUSE_SECONDS)
    with closing(socket.create_connection(quick.host_and_port)) as line:
        line.sendall(UPLOAD % (pieces * 1000))
        for _ in range(pieces):
            time.sleep(PAUSE_SECONDS)
            line.sendall(bytes(1000))
        line.settimeout(PATIENCE_SECONDS)
        assert line.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_client_that_does_not_read_its_answers_is_let_go(quick: Server) -> None:
    one = answer_bytes(quick)
    with closing(narrow_line(quick)) as line:
        line.sendall(MANY_ANSWERS)
        time.sleep(5 * LIMIT_SECONDS)
        assert received_bytes(line) < one * ANSWERS / 2


def test_a_client_that_reads_slowly_but_steadily_gets_its_answers(quick: Server) -> None:
    one = answer_bytes(quick)
    with closing(socket.create_connection(quick.host_and_port)) as line:
        line.sendall(MANY_ANSWERS)
        assert received_bytes(line, pause_seconds=PAUSE_SECONDS / 10) >= one * ANSWERS


def test_a_server_stops_in_peace_while_nobody_takes_an_answer(tmp_path: Path, empty: object) -> None:
    with (
        serving(data_folder(tmp_path / "data", empty), tmp_path / "logs") as server,
        closing(narrow_line(server)) as line,
    ):
        line.sendall(MANY_ANSWERS)
        time.sleep(1.0)
        server.process.terminate()
        server.process.wait(PATIENCE_SECONDS * 5)
    log = (tmp_path / "logs" / "app.log").read_text()

    assert "Finished server process" in log
    assert "Traceback" not in log
    assert "Cancel " not in log


def test_an_event_stream_is_not_cut(quick: Server) -> None:
    with closing(socket.create_connection(quick.host_and_port)) as line:
        line.sendall(b"GET /api/v1/transcriptions/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        assert not is_closed(line, 3 * LIMIT_SECONDS)


def test_a_silent_socket_is_not_cut(quick: Server) -> None:
    with connect(f"{quick.address.replace('http', 'ws')}/api/v1/doctor/echo") as line:
        time.sleep(3 * LIMIT_SECONDS)
        line.send("still here")
        assert line.recv(PATIENCE_SECONDS) == "still here"


def narrow_line(server: Server) -> socket.socket:
    """Connect with a small buffer, so that what is not read waits at the server."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(server.host_and_port)
    return line


def answer_bytes(server: Server) -> int:
    with server.client() as client:
        return len(client.get(BIG_ANSWER).content)


def received_bytes(line: socket.socket, pause_seconds: float = 0.0) -> int:
    """Read to the end, a piece after each pause."""
    line.settimeout(PATIENCE_SECONDS)
    total = 0
    with suppress(ConnectionError):
        while piece := line.recv(1 << 18):
            total += len(piece)
            time.sleep(pause_seconds)
    return total


def closed_after_byte(line: socket.socket) -> bool:
    """Send one byte and tell whether the server has closed the connection by then."""
    try:
        line.sendall(b"x")
    except OSError:
        return True
    return is_closed(line, PAUSE_SECONDS)


def is_closed(line: socket.socket, seconds: float) -> bool:
    """Read for so long, and tell whether the end came."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        line.settimeout(left)
        try:
            if not line.recv(65536):
                return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True
    return False
