"""A server with an engine of tests/fakes.py, and sound for the programs that speak the APIs of other products to it."""

from __future__ import annotations

import io
import json
import os
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from tests.engine.sounds import RATE, Samples, babble, silence
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.warm import WarmPopen, start_module
from tests.web.conftest import http_client

LEVELS = (0.2, 0.4, 0.6)
TEXT = "Level 2. Level 4. Level 6."
"""What EchoEngine hears in `talk()`."""
SPEECH = "/v1/audio/transcriptions"


@dataclass(frozen=True)
class SpeakingServer:
    """A server in a process of its own."""

    process: WarmPopen
    address: str
    data_dir: Path

    @property
    def notes(self) -> Path:
        return self.data_dir / "notes"

    def client(self) -> httpx2.Client:
        """Return a client that, as the programs, names no language."""
        return httpx2.Client(base_url=self.address, timeout=PATIENCE_SECONDS, verify=False)

    def post(self, *files: tuple[str, Any], **fields: str) -> httpx2.Response:
        """Send a transcription request of these fields."""
        with self.client() as client:
            return client.post(SPEECH, files=list(files) or [("file", ("a.wav", talk()))], data=fields)

    def history(self) -> list[dict[str, Any]]:
        with http_client(self.address) as client:
            return list(client.get("/api/v1/transcriptions").json()["items"])

    def job(self, answer: Any) -> dict[str, Any]:
        """Return the transcription that an answer comes from."""
        id = json.loads(answer.headers["x-funasr-receipt"])["transcription"]
        with http_client(self.address) as client:
            return dict(client.get(f"/api/v1/transcriptions/{id}").json())

    def detection(self, answer: Any) -> str:
        """Return how speech was found for an answer, in words."""
        return next(line["applied"] for line in self.job(answer)["receipt"] if line["name"] == "vad")

    def log(self) -> str:
        return (self.data_dir / "logs" / "app.log").read_text(encoding="utf-8")

    def let_go(self) -> None:
        """Let an engine that waits for it finish."""
        self.notes.mkdir(parents=True, exist_ok=True)
        (self.notes / "go").touch()

    def has_begun(self) -> bool:
        return any(self.notes.glob("begun-*"))


@contextmanager
def speaking(
    data_dir: Path, factory: str = "EchoEngine", pace: float | None = None, **settings: str
) -> Iterator[SpeakingServer]:
    """Serve during the block; `pace` are the seconds after which, and between which, waiting programs hear of it."""
    variables = os.environ | {f"FUNASR_{name.upper()}": value for name, value in settings.items()}
    more = () if pace is None else (pace,)
    with start_module("tests.web.live_server", data_dir, factory, *more, variables=variables) as process:
        try:
            server = SpeakingServer(process, process.stdout.readline().strip(), data_dir)
            wait_until(lambda: _answers(server))
            yield server
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)


def _answers(server: SpeakingServer) -> bool:
    with server.client() as client:
        try:
            return client.get("/health").is_success
        except httpx2.TransportError:
            return False


def talk(*levels: float, seconds: float = 1.0) -> bytes:
    """Return a WAV file with a stretch of speech at each level."""
    parts = [part for level in levels or LEVELS for part in (babble(seconds, level=level), silence(1.2))]
    return wav(np.concatenate(parts))


def conversation() -> bytes:
    """Return a WAV file with two channels that speak in turn."""
    left = np.concatenate([babble(1.0, level=0.2), silence(3.4), babble(1.0, level=0.6), silence(0.6)])
    right = np.concatenate([silence(2.2), babble(1.0, level=0.4), silence(2.8)])
    return wav(np.stack([left, right]))


def wav(samples: Samples) -> bytes:
    channels = 1 if samples.ndim == 1 else len(samples)
    pcm = (samples.T.reshape(-1) * 32767).astype("<i2").tobytes()
    with io.BytesIO() as file:
        with wave.open(file, "wb") as recording:
            recording.setnchannels(channels)
            recording.setsampwidth(2)
            recording.setframerate(RATE)
            recording.writeframes(pcm)
        return file.getvalue()


def parts(*each: tuple[str, bytes, str]) -> tuple[bytes, dict[str, str]]:
    """Return a multipart body as it is on the wire, and its header: (rest of the disposition, value, further headers)."""
    body = b""
    for disposition, value, headers in each:
        body += f"--XyZ\r\nContent-Disposition: form-data; {disposition}\r\n{headers}\r\n".encode() + value + b"\r\n"
    return body + b"--XyZ--\r\n", {"content-type": "multipart/form-data; boundary=XyZ"}
