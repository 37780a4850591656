"""A live recognition client that keeps unacknowledged audio."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.engine.sounds import Samples
from tests.waiting import PATIENCE_SECONDS

PING_SECONDS = 1.0
CHUNK = 1600
NUMBER_BYTES = 4

Message = dict[str, Any]


def as_pcm(sound: Samples) -> bytes:
    return (np.clip(sound, -1, 1) * 32767).round().astype("<i2").tobytes()


class Speaker:
    """One connection; `sound` is all that was ever said, also before it was cut."""

    def __init__(self, address: str, sound: bytes = b"", **headers: str) -> None:
        self.address = address
        self.sound = sound
        self.heard: list[Message] = []
        self.next_chunk = 0
        self._connection = connect(
            f"{address.replace('http', 'ws')}/api/v1/live",
            additional_headers={"accept-language": "en", **headers},
        )

    def __enter__(self) -> Self:
        self.socket: ClientConnection = self._connection.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.__exit__(kind, error, trace)

    def say(self, message: Message | bytes) -> None:
        self.socket.send(message if isinstance(message, bytes) else json.dumps(message))

    def start(self, session: str | None = None, token: str | None = None, **rest: Any) -> Message:
        self.say({"type": "audio-start", "session": session, "token": token, **rest})
        started = self.until("audio-started")
        self.next_chunk = started["next_chunk"]
        return started

    def speak(self, sound: Samples) -> None:
        """Say something more; chunks of a tenth of a second."""
        self.sound += as_pcm(sound)
        self.send_rest()

    def send_rest(self) -> None:
        """Send what was not sent yet, whole chunks only."""
        while len(self.sound) >= (self.next_chunk + 1) * CHUNK * 2:
            self.send_chunk(self.next_chunk)
            self.next_chunk += 1

    def send_chunk(self, number: int) -> None:
        self.say(struct.pack("<I", number) + self.sound[number * CHUNK * 2 : (number + 1) * CHUNK * 2])

    def stop(self) -> Message:
        self.say({"type": "audio-stop", "chunks": self.next_chunk})
        return self.until("ended")

    def until(self, kind: str, fits: Callable[[Message], bool] = lambda _: True) -> Message:
        """Return the next message of a kind that fits; while it does not come, tell that somebody is there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                message = self.receive(PING_SECONDS)
            except TimeoutError:
                self.say({"type": "ping", "sent_at": time.monotonic()})
                continue
            if message["type"] == kind and fits(message):
                return message
        raise AssertionError(kind)

    def receive(self, patience_seconds: float = PATIENCE_SECONDS) -> Message:
        message: Message = json.loads(self.socket.recv(timeout=patience_seconds))
        self.heard.append(message)
        return message

    def until_closed(self) -> Message:
        """Return the last message before the server closes."""
        with suppress(ConnectionClosed):
            while True:
                self.receive()
        return self.heard[-1]

    def until_acknowledged(self) -> None:
        """Wait until all that was sent is on the disk."""
        if not any(message["next_chunk"] == self.next_chunk for message in self.all("acknowledged")):
            self.until("acknowledged", lambda message: message["next_chunk"] == self.next_chunk)

    def all(self, kind: str) -> list[Message]:
        return [message for message in self.heard if message["type"] == kind]
