"""Whatever a client of another product's sockets sends, it is answered, and the server has no error of its own."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from tests.engine.sounds import babble, silence
from tests.web.funasr_client import peer
from tests.web.live_client import as_pcm
from tests.web.live_process import LiveServer
from tests.web.realtime_client import at_rate, wire

ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    1e308,
    10**30,
    float("nan"),
    float("inf"),
    "",
    " ",
    "x" * 3000,
    "\ud800",
    "\x00",
    "../../etc/passwd",
    "٣",
    "²",
    "中文",
    [],
    [[]],
    [None, 1, "a", "\udfff"],
    {},
    {"type": "server_vad"},
    {"a": {"b": [1]}},
    {"": 1, "\ud800": 2, "x" * 500: None},
]
FUNASR_MEMBERS = ("mode", "wav_name", "wav_format", "audio_fs", "hotwords", "hotword", "itn", "svs_lang", "is_speaking")
FUNASR_MEMBERS += ("is_finished", "is_end", "chunk_size")
REALTIME_MEMBERS = ("format", "noise_reduction", "transcription", "turn_detection")
INNER_MEMBERS = (
    "type",
    "rate",
    "model",
    "language",
    "languages",
    "keywords",
    "prompt",
    "delay",
    "threshold",
    "eagerness",
)
INNER_MEMBERS += ("prefix_padding_ms", "silence_duration_ms", "strength")
TALK = np.concatenate([silence(0.3), babble(1.0, level=0.4), silence(1.2)])


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("hostile") / "data", "EchoEngine", {})
    server.start()
    yield server
    server.end()


def own_errors(server: LiveServer) -> list[str]:
    lines = (server.data_dir / "logs" / "app.log").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if " ERROR " in line or "Traceback" in line]


def test_any_value_of_a_funasr_member_is_answered(server: LiveServer) -> None:
    for member in FUNASR_MEMBERS:
        with peer(server.address) as client:
            for odd in ODD:
                client.say(json.dumps({"mode": "2pass", "wav_name": "odd", "is_speaking": True, member: odd}))
                client.send_sound(as_pcm(silence(0.1)))
                client.say({"is_speaking": False, "is_end": True, "wav_name": "odd"})
                client.until(is_end=True)
    assert own_errors(server) == []


def test_any_first_frame_of_a_funasr_client_is_survived(server: LiveServer) -> None:
    chance = random.Random(1)
    for number in range(30):
        with peer(server.address) as client, suppress(ConnectionClosed):
            kind = number % 3
            if kind == 0:
                client.say(chance.randbytes(chance.randrange(100)))
            elif kind == 1:
                client.say("RIFF" + "".join(map(chr, chance.choices(range(1, 0x3000), k=40))))
            else:
                client.say(b"RIFF\x00\x00\x00\x00WAVEfmt " + chance.randbytes(60))
            client.say({"is_speaking": False, "is_end": True})
            client.until(is_end=True)
    assert own_errors(server) == []


def test_any_value_of_a_realtime_member_is_answered(server: LiveServer) -> None:
    with wire(server.address) as client:
        client.until("session.created")
        for place in REALTIME_MEMBERS:
            for odd in [*ODD, *({name: odd} for name in INNER_MEMBERS for odd in ODD)]:
                audio_input = {place: odd}
                update = {
                    "type": "session.update",
                    "session": {"type": "transcription", "audio": {"input": audio_input}},
                }
                client.say(json.dumps(update))
                assert client.hear()["type"] in ("error", "session.updated")
        for odd in ODD:
            for message in ({"type": odd}, {"type": "input_audio_buffer.append", "audio": odd}, {"session": odd}, odd):
                client.say(json.dumps(message))
        client.say({"type": "session.update", "session": "end", "event_id": "end"})
        client.until("error", lambda event: event["error"]["event_id"] == "end")
    assert own_errors(server) == []


def test_sound_is_still_heard_after_all_of_that(server: LiveServer) -> None:
    with wire(server.address) as client:
        client.until("session.created")
        client.append(at_rate(TALK))
        completed = client.until("conversation.item.input_audio_transcription.completed")

    assert completed["transcript"] == "Level 4."
