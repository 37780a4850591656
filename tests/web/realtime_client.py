"""What OpenAI's own client does in a realtime session, and a bare connection for what it cannot do."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from openai import OpenAI
from openai.resources.realtime.realtime import RealtimeConnection
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.engine.sounds import Samples
from tests.waiting import PATIENCE_SECONDS
from tests.web.live_client import as_pcm

Event = dict[str, Any]
RATE = 24_000
APPEND_BYTES = RATE * 2 // 10


def at_rate(sound: Samples, rate: int = RATE) -> bytes:
    """Return 16 kHz samples as int16 of another rate."""
    places = np.arange(0, len(sound), 16_000 / rate)
    return as_pcm(np.interp(places, np.arange(len(sound)), sound).astype(np.float32))


def openai_client(address: str) -> OpenAI:
    return OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)


class Voice:
    """A session of the real client; every event that came is in `heard`."""

    def __init__(self, connection: RealtimeConnection) -> None:
        self.connection = connection
        self.heard: list[Event] = []

    def speak(self, sound: bytes, size: int = APPEND_BYTES) -> None:
        for place in range(0, len(sound), size):
            audio = base64.b64encode(sound[place : place + size]).decode()
            self.connection.input_audio_buffer.append(audio=audio)

    def update(self, **audio_input: Any) -> Event:
        session: Any = {"type": "transcription", "audio": {"input": audio_input}}
        self.connection.session.update(session=session)
        return self.until("session.updated")["session"]

    def until(self, kind: str) -> Event:
        while True:
            message = self.connection.recv_bytes()
            event: Event = json.loads(message)
            assert self.connection.parse_event(message).type == event["type"]
            self.heard.append(event)
            if event["type"] == kind:
                return event

    def all(self, kind: str) -> list[Event]:
        return [event for event in self.heard if event["type"] == kind]

    def deltas_of(self, item_id: str) -> str:
        kind = "conversation.item.input_audio_transcription.delta"
        return "".join(event["delta"] for event in self.all(kind) if event["item_id"] == item_id)


@contextmanager
def voice(address: str, **query: str) -> Iterator[Voice]:
    with (
        openai_client(address) as client,
        client.realtime.connect(extra_query={"intent": "transcription", **query}) as connection,
    ):
        yield Voice(connection)


class Wire:
    """A bare connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[Event] = []

    def say(self, event: Event | str | bytes) -> None:
        self.socket.send(json.dumps(event) if isinstance(event, dict) else event)

    def append(self, sound: bytes) -> None:
        self.say({"type": "input_audio_buffer.append", "audio": base64.b64encode(sound).decode()})

    def hear(self) -> Event:
        event: Event = json.loads(self.socket.recv(timeout=PATIENCE_SECONDS))
        self.heard.append(event)
        return event

    def until(self, kind: str, fits: Callable[[Event], bool] = lambda _: True) -> Event:
        while True:
            event = self.hear()
            if event["type"] == kind and fits(event):
                return event

    def until_closed(self) -> int:
        """Return the code that the server closes with."""
        with suppress(ConnectionClosed):
            while True:
                self.hear()
        assert self.socket.close_code is not None
        return self.socket.close_code

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.heard]


@contextmanager
def wire(address: str, query: str = "intent=transcription", *protocols: str, **headers: str) -> Iterator[Wire]:
    with connect(
        f"{address.replace('http', 'ws')}/v1/realtime?{query}",
        subprotocols=[Subprotocol(each) for each in protocols] or None,
        additional_headers={"accept-language": "en", **headers},
        max_size=None,
    ) as socket:
        yield Wire(socket)
