"""A server with an engine of tests/fakes.py in a process of its own, which may be killed and started again."""

from __future__ import annotations

import os
import signal
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.warm import WarmPopen, start_module
from tests.web.conftest import http_client


@dataclass
class LiveServer:
    """A server that may be killed and started again on the same data."""

    data_dir: Path
    factory: str
    settings: dict[str, str]
    process: WarmPopen | None = None
    address: str = ""
    funasr_address: str = ""
    """Of the port for FunASR's clients, where there is one."""
    client: httpx2.Client = field(default_factory=http_client)

    def start(self) -> None:
        variables = os.environ | {f"FUNASR_{name.upper()}": each for name, each in self.settings.items()}
        self.process = start_module("tests.web.live_server", self.data_dir, self.factory, variables=variables)
        self.address = self.process.stdout.readline().strip()
        if "funasr_port" in self.settings:
            self.funasr_address = self.process.stdout.readline().strip()
        wait_until(self.answers)

    def answers(self) -> bool:
        try:
            if "ssl_certfile" in self.settings:
                return True
            return bool(self.ask("/live/sessions"))
        except httpx2.TransportError:
            return False

    def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=PATIENCE_SECONDS)
        self.process.stdout.close()
        self.process = None

    def end(self) -> None:
        self.client.close()
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE_SECONDS)
            self.process.stdout.close()

    def ask(self, path: str) -> Any:
        return self.client.get(f"{self.address}/api/v1{path}").json()

    def tell(self, method: str, path: str, **body: Any) -> Any:
        answer = self.client.request(method, f"{self.address}/api/v1{path}", **body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def state_of(self, id: str) -> str:
        return str(self.ask(f"/transcriptions/{id}")["state"])

    def sound_of(self, id: str) -> bytes:
        with wave.open(str(self.data_dir / "transcriptions" / id / "source.wav")) as recording:
            assert (recording.getframerate(), recording.getnchannels(), recording.getsampwidth()) == (
                16000,
                1,
                2,
            )
            return recording.readframes(recording.getnframes())

    def note(self, name: str) -> None:
        (self.data_dir / "notes" / name).touch()


@contextmanager
def live_servers(data_dir: Path) -> Iterator[Callable[..., LiveServer]]:
    """What starts servers on a data folder, with an engine of tests/fakes.py and settings; all end with the block."""
    with ExitStack() as stack:

        def serve(factory: str = "EchoEngine", **settings: str) -> LiveServer:
            server = LiveServer(data_dir, factory, settings)
            stack.callback(server.end)
            server.start()
            return server

        yield serve
