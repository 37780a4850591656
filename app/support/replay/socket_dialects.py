"""Sends the recording of a case once more over a websocket, as the program has done that it came from."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from app.domain.client_request import ClientRequest
from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.engine import SAMPLE_RATE
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.support.case.log import LEFT_OUT

Answered: TypeAlias = tuple[int, str]
"""A status, 101 if all went well, and the texts that came, a line each."""
Members: TypeAlias = dict[str, Any]

SWITCHED, REFUSED = 101, 400
FRAME_BYTES = SAMPLE_RATE // 5  # a tenth of a second
LIMITS = DecodeLimits(max_seconds=24 * 3600, cpu_seconds=3600, memory_mb=2048)
TRANSCRIPTION = "conversation.item.input_audio_transcription"
TRANSCRIPTION_MEMBERS = frozenset({"model", "language", "languages", "keywords", "prompt", "delay"})
INPUT_MEMBERS = frozenset({"noise_reduction", "turn_detection"})


def speak_funasr(socket: ClientConnection, members: Members, sound: Path) -> Answered:
    """Speak as a client of FunASR's servers."""
    is_offline = members.get("mode") == "offline"
    data = sound.read_bytes() if is_offline else _samples(sound)
    shape = {"wav_format": sound.suffix.lstrip(".")} if is_offline else {"wav_format": "pcm", "audio_fs": SAMPLE_RATE}
    socket.send(json.dumps({**members, **shape, "is_speaking": True}))
    for place in range(0, len(data), FRAME_BYTES):
        socket.send(data[place : place + FRAME_BYTES])
    socket.send(json.dumps({"is_speaking": False, "is_end": True}))
    texts: list[str] = []
    for told in _messages(socket):
        if told.get("is_end"):
            return (REFUSED if told.get("error") else SWITCHED), "\n".join([*texts, *filter(None, [told.get("error")])])
        if told.get("text") and not str(told.get("mode")).endswith("2pass-online"):
            texts.append(told["text"])
    return REFUSED, "\n".join(texts)


def speak_realtime(socket: ClientConnection, members: Members, sound: Path) -> Answered:
    """Speak as a client of OpenAI's realtime transcription; the end is told by a commit."""
    transcription = {name: value for name, value in members.items() if name in TRANSCRIPTION_MEMBERS}
    heard = {name: value for name, value in members.items() if name in INPUT_MEMBERS}
    heard |= {"format": {"type": "audio/pcm", "rate": 16_000}, "transcription": transcription}
    _say(socket, "session.update", session={"type": "transcription", "audio": {"input": heard}})
    data = _samples(sound) + bytes(FRAME_BYTES)
    for place in range(0, len(data), FRAME_BYTES):
        _say(socket, "input_audio_buffer.append", audio=base64.b64encode(data[place : place + FRAME_BYTES]).decode())
    _say(socket, "input_audio_buffer.commit", event_id="end")
    _say(socket, "input_audio_buffer.clear")  # is answered when everything before it is
    return _realtime_answer(socket)


def _realtime_answer(socket: ClientConnection) -> Answered:
    """Wait for the text of every turn."""
    texts: dict[str, str] = {}
    waiting: set[str] = set()
    errors: list[str] = []
    is_over = False
    for told in _messages(socket):
        kind = told["type"]
        if kind == "input_audio_buffer.committed":
            waiting.add(told["item_id"])
        elif kind in (f"{TRANSCRIPTION}.completed", f"{TRANSCRIPTION}.failed"):
            waiting.discard(told["item_id"])
            texts[told["item_id"]] = told.get("transcript") or told.get("error", {}).get("message", "")
        elif kind == "input_audio_buffer.cleared":
            is_over = True
        elif kind == "error" and told["error"]["event_id"] != "end":
            errors.append(told["error"]["message"])
        if is_over and not waiting:
            break
    return (REFUSED if errors else SWITCHED), "\n".join([*texts.values(), *errors])


SOCKETS: Mapping[str, Callable[[ClientConnection, Members, Path], Answered]] = {
    "/ws/funasr": speak_funasr,
    "/v1/realtime": speak_realtime,
}
"""By the path that the program has used."""


def speak_socket(url: str, request: ClientRequest, sound: Path) -> tuple[str, int, str]:
    """Send the recording to the server at `url`; return the address, the status and what was answered.

    Raises:
        InvalidParameter: the server cannot be reached.
    """
    if not url.startswith(("http://", "https://")):
        raise InvalidParameter(name="--url", reason=N_("it is no address of a server"))
    query = urlencode([(name, value) for name, value in request.query if LEFT_OUT not in (name, value)])
    address = url.replace("http", "ws", 1).rstrip("/") + request.path + (f"?{query}" if query else "")
    try:
        with connect(address, max_size=None, proxy=None) as socket:
            status, body = SOCKETS[request.path](socket, _members(request), sound)
    except (OSError, WebSocketException) as error:
        raise InvalidParameter(name="--url", reason=str(error)) from error
    return address, status, body


def _members(request: ClientRequest) -> Members:
    sent = [part for part in request.parts if part.value is not None and LEFT_OUT not in (part.name, part.value)]
    return {part.name: _value(part.value or "") for part in sent}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _samples(sound: Path) -> bytes:
    pcm = sound.with_suffix(".s16")
    decode(sound, pcm, LIMITS)
    return pcm.read_bytes()


def _say(socket: ClientConnection, kind: str, **members: Any) -> None:
    socket.send(json.dumps({"type": kind, **members}))


def _messages(socket: ClientConnection) -> Iterator[dict[str, Any]]:
    for message in socket:
        yield json.loads(message)
