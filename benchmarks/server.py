"""A real server in a process of its own, for benchmarks: start it, send recordings, read what its logs say."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

REPOSITORY = Path(__file__).resolve().parents[1]
API = "/api/v1"
BOUNDARY = "benchmark"
BLOCK_BYTES = 1 << 20
FINAL = ("succeeded", "failed", "cancelled")
PATIENCE_SECONDS = 7200
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with a data folder of its own."""

    data: Path
    port: int
    pid: int

    def submit(self, recording: Path) -> str:
        """Send a file, block by block, and return the id of its transcription."""
        head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="{recording.name}"\r\n\r\n'
        tail = f"\r\n--{BOUNDARY}--\r\n"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)) as connection:
            connection.putrequest("POST", f"{API}/transcriptions")
            connection.putheader("content-type", f"multipart/form-data; boundary={BOUNDARY}")
            connection.putheader("content-length", str(len(head) + recording.stat().st_size + len(tail)))
            connection.endheaders()
            connection.send(head.encode())
            with recording.open("rb") as file:
                while block := file.read(BLOCK_BYTES):
                    connection.send(block)
            connection.send(tail.encode())
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != http.HTTPStatus.CREATED:
            raise RuntimeError(content.decode())
        return str(json.loads(content)["id"])

    def ask(self, path: str) -> Any:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", API + path)
            return json.load(connection.getresponse())

    def end_of(self, id: str) -> dict[str, Any]:
        """Wait for the end of a transcription and return it with its segments."""
        for _ in range(round(PATIENCE_SECONDS / LOOK_SECONDS)):
            items = self.ask("/transcriptions?limit=10")["items"]
            if any(item["id"] == id and item["state"] in FINAL for item in items):
                record: dict[str, Any] = self.ask(f"/transcriptions/{id}")
                return record
            time.sleep(LOOK_SECONDS)
        raise TimeoutError(id)

    def computing_seconds(self) -> tuple[float, float]:
        """Return what its inference process has computed so far, and what the server itself has."""
        server = psutil.Process(self.pid)
        [inference] = [child for child in server.children() if "spawn_main" in " ".join(child.cmdline())]
        inferred, own = inference.cpu_times(), server.cpu_times()
        return inferred.user + inferred.system, own.user + own.system

    def moments(self, id: str) -> dict[str, datetime]:
        """Return when each event of a job was logged last."""
        log = self.data / "transcriptions" / id / "job.log"
        lines = [line.split() for line in log.read_text("utf-8").splitlines() if not line.startswith(" ")]
        return {words[5]: datetime.fromisoformat(words[0]) for words in lines}


@contextmanager
def serving(folder: Path, model: Path, *, threads: int = 0, **settings: str) -> Iterator[Server]:
    """Serve `model` from a data folder below `folder`; the block begins when it is loaded."""
    port = _free_port()
    given = {"model": str(model), "threads": str(threads), "device": "cpu", **settings}
    environment = {**os.environ, **{f"FUNASR_{name.upper()}": value for name, value in given.items()}}
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    command += ["--data-dir", str(folder / "data"), "--log-dir", str(folder / "logs")]
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)
    try:
        server = Server(folder / "data", port, process.pid)
        _wait_until_loaded(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait_until_loaded(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            if server.ask("/health")["model"] == "ready":
                return
        time.sleep(LOOK_SECONDS)
    raise TimeoutError


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
