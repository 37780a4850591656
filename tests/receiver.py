"""A program on the loopback address that receives webhooks, and behaves as a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Receiver:
    """What came, and how it is answered."""

    address: str = ""
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; 204 when there are none left. 0 closes the connection without one."""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Headers in lower case, and bodies."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = receiver.answers.pop(0) if receiver.answers else 204
            if status:
                self.send_response(status)
                if status // 100 == 3:
                    self.send_header("location", f"{receiver.address}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
