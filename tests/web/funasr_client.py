"""FunASR's clients, as far as they send and read: each follows the source of its original step by step."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.waiting import PATIENCE_SECONDS

Message = dict[str, Any]
BINARY = Subprotocol("binary")
FRAME_BYTES = 1920  # 60 ms at 16 kHz


@dataclass
class Peer:
    """A connection and what came over it."""

    socket: ClientConnection
    heard: list[Message] = field(default_factory=list)

    def say(self, message: Message | str | bytes) -> None:
        self.socket.send(json.dumps(message, ensure_ascii=False) if isinstance(message, dict) else message)

    def send_sound(self, sound: bytes, size: int = FRAME_BYTES) -> None:
        for place in range(0, len(sound), size):
            self.socket.send(sound[place : place + size])

    def hear(self, patience_seconds: float = PATIENCE_SECONDS) -> Message:
        message: Message = json.loads(self.socket.recv(timeout=patience_seconds))
        self.heard.append(message)
        return message

    def until(self, **wanted: Any) -> Message:
        """Return the next message with these members."""
        while True:
            message = self.hear()
            if all(message.get(name) == value for name, value in wanted.items()):
                return message

    def heard_of(self, mode: str) -> list[Message]:
        return [message for message in self.heard if message.get("mode") == mode]


@contextmanager
def peer(address: str, path: str = "/ws/funasr", **options: Any) -> Iterator[Peer]:
    with connect(
        address.replace("http", "ws") + path, additional_headers={"accept-language": "en"}, max_size=None, **options
    ) as socket:
        yield Peer(socket)


# Python, funasr_wss_client.py since 1.4.0


def python_client(
    address: str, mode: str, recordings: list[tuple[str, bytes]], path: str = "/ws/funasr", **config: Any
) -> Peer:
    """Send recordings one after another; each waits for its acknowledgement."""
    with peer(address, path, subprotocols=[BINARY], ping_interval=None) as client:
        for name, sound in recordings:
            first = {
                "mode": mode,
                "chunk_size": [5, 10, 5],
                "chunk_interval": 10,
                "encoder_chunk_look_back": 4,
                "decoder_chunk_look_back": 0,
                "audio_fs": 16000,
                "wav_name": name,
                "wav_format": "pcm",
                "is_speaking": True,
                "hotwords": "",
                "itn": True,
            }
            client.say(first | config)
            client.send_sound(sound)
            client.say({"is_speaking": False, "is_end": True})
            acknowledgement = client.until(is_end=True)
            if not acknowledgement.get("is_final", False):
                error = acknowledgement.get("error") or "server did not finalize input"
                raise RuntimeError(f"server failed to finalize {name!r}: {error}")
        return client


def printed_by_python(messages: list[Message]) -> str:
    """Return the last line that the client prints in 2pass."""
    offline = online = text = ""
    for message in messages:
        if message["mode"] == "2pass-online":
            online += message["text"]
            text = offline + online
        else:
            online, text = "", offline + message["text"]
            offline += message["text"]
    return text


# The HTML page, main.js


def page_text(messages: list[Message]) -> str:
    """Return what the page shows; it fails where the page would throw."""
    shown = final = ""
    for message in messages:
        text = str(message["text"])
        if message["mode"] in ("2pass-offline", "offline"):
            final += _with_times(text, message.get("timestamp"))
            shown = final
        else:
            shown += text
    return shown


def _with_times(text: str, timestamp: str | None) -> str:
    if timestamp is None or not text:
        return text
    times, place, shown = json.loads(timestamp), 0, ""
    for word in re.sub(r"。|？|，|、|\?|\.| ", ",", text).split(","):
        if word:
            shown += f"{times[place][0] / 1000}:{word}\n"
            place += 1 if re.fullmatch("[a-zA-Z]+", word) else len(word)
    return shown


# Go, go_ws_client.go


def read_by_go(message: str) -> Message:
    """Return the message as encoding/json would fill its struct; a value of another type is an error there."""
    told: Message = json.loads(message)
    types = {"mode": str, "text": str, "wav_name": str, "is_final": bool, "timestamp": str}
    for name, value in told.items():
        assert not isinstance(types.get(name), type) or isinstance(value, types[name]), (name, value)
    return told


# C#, WebScoketClient.cs


def printed_by_csharp(message: Message) -> list[str]:
    """Return the lines that the offline client prints; it fails where GetProperty or an index would throw."""
    text, _, _ = message["text"], message["mode"], message["wav_name"]
    if "timestamp" not in json.dumps(message):
        return [text]
    assert isinstance(message["timestamp"], str)
    stamps = [(int(a), int(b)) for a, b in re.findall(r"\[(\d+),(\d+)\]", message["timestamp"])]
    lines, count = [], 0
    for sentence in text.replace(",", "。").replace("?", "。").split("。"):
        if sentence:
            lines.append(f"[{stamps[count][0]}-{stamps[count + len(sentence) - 1][1]}]:{sentence}")
            count += len(sentence)
    return lines


# Android, MainActivity.java


@dataclass
class Android:
    """Reads messages of 2pass; closes at the first that is final."""

    finals: str = ""
    partial: str = ""
    is_closed: bool = False

    def read(self, message: Message) -> None:
        assert not self.is_closed, "a message after the last one"
        text, is_final = message["text"], message["is_final"]
        assert isinstance(is_final, bool)
        if text:
            if message["mode"] == "2pass-offline":
                self.finals, self.partial = self.finals + text, ""
            else:
                self.partial += text
        self.is_closed = is_final


# funasr_client_api.py


def client_api(address: str, mode: str, sound: bytes, wait_seconds: float) -> Message:
    """Return what `close()` returns: the last message after some seconds."""
    with peer(address) as client:
        first = {
            "mode": mode,
            "chunk_size": [0, 10, 5],
            "encoder_chunk_look_back": 4,
            "decoder_chunk_look_back": 1,
            "chunk_interval": 10,
            "wav_name": "default",
            "is_speaking": True,
        }
        client.say(first)
        client.send_sound(sound)
        client.say({"is_speaking": False})
        deadline = time.monotonic() + wait_seconds
        with suppress(TimeoutError, ConnectionClosed):
            while (left := deadline - time.monotonic()) > 0:
                client.hear(left)
        return client.heard[-1]
