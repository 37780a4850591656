"""OpenAI's realtime transcription, spoken by OpenAI's own client and by bare connections to a real server."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from openai import AsyncOpenAI
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.engine.audio.pcm_stream import _TABLES
from app.support.replay.dialect import speak
from tests.engine.sounds import babble, silence
from tests.loops import run_apart
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web.live_client import as_pcm
from tests.web.live_process import LiveServer, live_servers
from tests.web.realtime_client import APPEND_BYTES, Voice, at_rate, openai_client, voice, wire

pytestmark = pytest.mark.filterwarnings(
    "ignore:connect.. must be used:DeprecationWarning"
)  # openai 3.57, websockets 17.1

ITEM = "conversation.item"
TRANSCRIPTION = f"{ITEM}.input_audio_transcription"
SENTENCE = np.concatenate([silence(0.4), babble(1.5, level=0.3), silence(1.2)])


@pytest.fixture(name="serve")
def _serve(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    with live_servers(tmp_path / "data") as serve:
        yield serve


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("realtime") / "data") as serve:
        yield serve()


def newest(server: LiveServer) -> dict[str, Any]:
    items: list[dict[str, Any]] = server.ask("/transcriptions")["items"]
    return items[0]


def sentence_events(heard: list[dict[str, Any]]) -> list[str]:
    """Return the kinds of events in order, each run of deltas as one."""
    kinds = [event["type"].removeprefix("input_audio_buffer.") for event in heard]
    return [kind for place, kind in enumerate(kinds) if not (kind.endswith(".delta") and kinds[place - 1] == kind)]


# With OpenAI's client


@pytest.mark.smoke
def test_openais_client_hears_each_turn_end(server: LiveServer) -> None:
    with voice(server.address, name="Call of today") as speaker:
        created = speaker.until("session.created")
        speaker.speak(at_rate(SENTENCE))
        first = speaker.until(f"{TRANSCRIPTION}.completed")
        speaker.speak(at_rate(np.concatenate([babble(1.0, level=0.6), silence(1.2)])))
        second = speaker.until(f"{TRANSCRIPTION}.completed")

    assert created["session"]["type"] == "transcription"
    assert created["session"]["id"].startswith("sess_")
    assert created["session"]["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert [first["transcript"], second["transcript"]] == ["Level 3.", "Level 6."]
    assert first["usage"]["type"] == "duration"
    assert 1.5 < first["usage"]["seconds"] < 2.5
    assert first["languages"] == [{"code": "en"}]
    assert speaker.deltas_of(first["item_id"]) == "Level 3."
    started, stopped = (speaker.all(f"input_audio_buffer.speech_{what}")[0] for what in ("started", "stopped"))
    assert started["item_id"] == stopped["item_id"] == first["item_id"]
    assert 0 <= started["audio_start_ms"] < 500
    assert 1900 < stopped["audio_end_ms"] < 2500
    committed = speaker.all("input_audio_buffer.committed")
    assert [each.get("previous_item_id") for each in committed] == [None, first["item_id"]]
    wait_until(lambda: newest(server)["state"] == "succeeded")
    record = newest(server)
    assert (record["name"], record["source"], record["text"]) == ("Call of today", "openai_live", "Level 3. Level 6.")


def test_the_events_of_a_turn_come_in_openais_order(server: LiveServer) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        speaker.speak(at_rate(SENTENCE))
        speaker.until(f"{TRANSCRIPTION}.completed")

    kinds = sentence_events(speaker.heard[1:])
    expected = ["speech_started", "speech_stopped", "committed", f"{ITEM}.added", f"{ITEM}.done"]
    assert [kind for kind in kinds if not kind.startswith(TRANSCRIPTION)] == expected
    assert kinds[-1] == f"{TRANSCRIPTION}.completed"
    [item] = [event["item"] for event in speaker.all(f"{ITEM}.done")]
    assert (item["type"], item["role"]) == ("message", "user")
    assert item["content"] == [{"type": "input_audio", "transcript": None}]
    assert len({event["event_id"] for event in speaker.heard}) == len(speaker.heard)


def test_openais_asynchronous_client_commits_its_turns_itself(server: LiveServer) -> None:
    async def dictate() -> tuple[list[str], list[str]]:
        client = AsyncOpenAI(base_url=f"{server.address}/v1", api_key="none")
        texts, kinds = [], []
        async with client, client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
            session: Any = {"type": "transcription", "audio": {"input": {"turn_detection": None}}}
            await connection.session.update(session=session)
            for level in (0.2, 0.5):
                sound = at_rate(np.concatenate([babble(0.8, level=level), silence(1.0), babble(0.8, level=level)]))
                await connection.input_audio_buffer.append(audio=base64.b64encode(sound).decode())
                await connection.input_audio_buffer.commit()
            async for event in connection:
                kinds.append(event.type)
                if event.type == f"{TRANSCRIPTION}.completed":
                    texts.append(event.transcript)
                if len(texts) == 2:
                    return texts, kinds
        raise AssertionError(kinds)

    texts, kinds = run_apart(dictate())

    assert texts == ["Level 2.", "Level 5."]
    assert kinds.count("input_audio_buffer.committed") == 2
    assert "input_audio_buffer.speech_started" not in kinds


def test_only_members_that_are_named_change_and_null_switches_off(server: LiveServer) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        one = speaker.update(
            transcription={"model": "gpt-4o-transcribe", "language": "zh-CN", "keywords": ["阿里巴巴"]},
            turn_detection={"type": "server_vad", "threshold": 0.6, "silence_duration_ms": 400},
        )
        two = speaker.update(
            transcription={"prompt": "ZyntriQix, Digique Plus"}, noise_reduction={"type": "near_field"}
        )
        three = speaker.update(turn_detection=None, noise_reduction=None)
        four = speaker.update(turn_detection={"type": "semantic_vad", "eagerness": "high"})
        speaker.speak(at_rate(SENTENCE))
        speaker.until(f"{TRANSCRIPTION}.completed")

    vad = one["audio"]["input"]["turn_detection"]
    assert (vad["threshold"], vad["silence_duration_ms"], vad["prefix_padding_ms"]) == (0.6, 400, 300)
    kept = two["audio"]["input"]
    assert kept["transcription"] == {
        "model": "gpt-4o-transcribe",
        "language": "zh-CN",
        "keywords": ["阿里巴巴"],
        "prompt": "ZyntriQix, Digique Plus",
    }
    assert kept["turn_detection"] == vad
    assert two["funasr"]["ignored"] == ["audio.input.noise_reduction"]
    assert three["audio"]["input"]["turn_detection"] is None
    assert three["audio"]["input"]["noise_reduction"] is None
    assert four["audio"]["input"]["turn_detection"] == {"type": "semantic_vad", "eagerness": "high"}
    record = server.ask(f"/transcriptions/{newest(server)['id']}")
    assert record["options"]["hotwords"] == ["阿里巴巴", "ZyntriQix", "Digique Plus"]
    assert record["options"]["language"] == "zh"


@pytest.mark.parametrize(
    ("format", "encoded"),
    [
        ({"type": "audio/pcm", "rate": 16000}, as_pcm),
        ({"type": "audio/pcm", "rate": 8000}, lambda sound: at_rate(sound, 8000)),
        ({"type": "audio/pcmu"}, lambda sound: companded(sound, "mu-law")),
        ({"type": "audio/pcma"}, lambda sound: companded(sound, "a-law")),
    ],
    ids=["16 kHz", "8 kHz", "mu-law", "A-law"],
)
def test_sound_of_every_format_is_heard(
    server: LiveServer, format: dict[str, Any], encoded: Callable[[Any], bytes]
) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        assert speaker.update(format=format)["audio"]["input"]["format"] == format
        speaker.speak(encoded(SENTENCE), size=1111)
        completed = speaker.until(f"{TRANSCRIPTION}.completed")

    assert completed["transcript"] == "Level 3."


def companded(sound: Any, encoding: str) -> bytes:
    """Return telephone sound: the code whose value is nearest to each sample."""
    samples = np.frombuffer(at_rate(sound, 8000), dtype="<i2").astype(np.int32)
    codes = np.argsort(_TABLES[encoding], kind="stable")
    values = _TABLES[encoding][codes].astype(np.int32)
    right = np.clip(np.searchsorted(values, samples), 1, 255)
    nearer = np.where(samples - values[right - 1] < values[right] - samples, right - 1, right)
    return bytes(codes[nearer].astype(np.uint8))


def test_log_probabilities_come_where_they_were_asked_for(server: LiveServer) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        session: Any = {"type": "transcription", "include": ["item.input_audio_transcription.logprobs"]}
        speaker.connection.session.update(session=session)
        assert speaker.until("session.updated")["session"]["include"] == ["item.input_audio_transcription.logprobs"]
        speaker.speak(at_rate(SENTENCE))
        completed = speaker.until(f"{TRANSCRIPTION}.completed")

    assert [each["token"] for each in completed["logprobs"]] == ["Level", "3."]
    assert all(each["logprob"] <= 0 and each["bytes"] == list(each["token"].encode()) for each in completed["logprobs"])


def test_a_cleared_buffer_is_not_transcribed(server: LiveServer) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        speaker.update(turn_detection=None)
        speaker.speak(at_rate(babble(1.0, level=0.2)))
        speaker.connection.input_audio_buffer.clear()
        speaker.until("input_audio_buffer.cleared")
        speaker.speak(at_rate(babble(1.0, level=0.7)))
        speaker.connection.input_audio_buffer.commit()
        completed = speaker.until(f"{TRANSCRIPTION}.completed")

    assert completed["transcript"] == "Level 7."
    wait_until(lambda: newest(server)["state"] == "succeeded")
    assert newest(server)["text"] == "Level 7."


def test_a_turn_in_which_nothing_was_said_has_an_empty_text(server: LiveServer) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        speaker.update(turn_detection=None)
        ids = []
        for sound in (silence(0.5), silence(0.5), babble(1.0, level=0.4)):
            speaker.speak(at_rate(sound))
            speaker.connection.input_audio_buffer.commit()
            completed = speaker.until(f"{TRANSCRIPTION}.completed")
            ids.append(completed["item_id"])

    texts = [event["transcript"] for event in speaker.all(f"{TRANSCRIPTION}.completed")]
    assert texts == ["", "", "Level 4."]
    assert len(set(ids)) == 3


def test_a_connection_without_sound_leaves_nothing_in_the_history(server: LiveServer) -> None:
    before = server.ask("/transcriptions")["total"]

    with voice(server.address) as speaker:
        speaker.until("session.created")
        speaker.update(turn_detection=None)

    assert server.ask("/transcriptions")["total"] == before
    wait_until(lambda: not server.ask("/live/sessions")["items"])


def test_a_segment_that_fails_is_told_and_the_session_goes_on(serve: Callable[..., LiveServer]) -> None:
    server = serve("FailingEngine")
    with voice(server.address) as speaker:
        speaker.until("session.created")
        speaker.speak(at_rate(np.concatenate([silence(0.3), babble(1.0, level=0.95), silence(1.2)])))
        failed = speaker.until(f"{TRANSCRIPTION}.failed")
        speaker.speak(at_rate(np.concatenate([babble(1.0, level=0.3), silence(1.2)])))
        completed = speaker.until(f"{TRANSCRIPTION}.completed")

    assert failed["error"]["code"]
    assert failed["error"]["message"]
    assert completed["transcript"] == "Level 3."


# What goes wrong

WRONG: list[tuple[Any, str, str | None]] = [
    ("{", "invalid_json", None),
    ("[1]", "invalid_json", None),
    (b"\x00\x01", "invalid_json", None),
    ({"event_id": "e1"}, "missing_required_parameter", "type"),
    ({"type": "response.create", "event_id": "e1"}, "invalid_value", "type"),
    ({"type": ["session.update"], "event_id": "e1"}, "invalid_value", "type"),
    ({"type": "input_audio_buffer.append", "event_id": "e1"}, "missing_required_parameter", "audio"),
    ({"type": "input_audio_buffer.append", "audio": 5, "event_id": "e1"}, "invalid_value", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "%%%", "event_id": "e1"}, "invalid_value", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "", "more": 1, "event_id": "e1"}, "unknown_parameter", "more"),
    ({"type": "input_audio_buffer.commit", "event_id": "e1"}, "input_audio_buffer_commit_empty", None),
    ({"type": "session.update", "event_id": "e1"}, "missing_required_parameter", "session"),
    ({"type": "session.update", "session": {"type": "realtime"}, "event_id": "e1"}, "invalid_value", "session.type"),
    ({"type": "session.update", "session": {"voice": "x"}, "event_id": "e1"}, "unknown_parameter", "session.voice"),
]
IN_SESSION: list[tuple[dict[str, Any], str, str]] = [
    ({"format": {"type": "audio/pcm", "rate": 44100}}, "invalid_value", "format.rate"),
    ({"format": {"type": "audio/opus"}}, "invalid_value", "format.type"),
    ({"transcription": {"language": "klingon"}}, "invalid_value", "transcription.language"),
    ({"transcription": {"keywords": "no list"}}, "invalid_value", "transcription.keywords"),
    ({"transcription": {"keywords": ["x" * 200]}}, "invalid_value", "transcription.keywords"),
    ({"turn_detection": {"type": "psychic"}}, "invalid_value", "turn_detection"),
    ({"turn_detection": {"type": "server_vad", "threshold": 3}}, "invalid_value", "turn_detection.threshold"),
    ({"turn_detection": {"type": "server_vad", "treshold": 0.5}}, "unknown_parameter", "turn_detection.treshold"),
    ({"noise_reduction": {"type": "loud"}}, "invalid_value", "noise_reduction.type"),
]


def test_every_wrong_message_is_answered_and_the_session_lives(server: LiveServer) -> None:
    wrong = WRONG + [
        (
            {
                "type": "session.update",
                "event_id": "e1",
                "session": {"type": "transcription", "audio": {"input": changes}},
            },
            code,
            f"session.audio.input.{param}",
        )
        for changes, code, param in IN_SESSION
    ]
    with wire(server.address) as client:
        client.until("session.created")
        for message, code, param in wrong:
            client.say(message)
            error = client.hear()["error"]
            assert (error["code"], error["param"]) == (code, param), (message, error)
            assert error["type"] == "invalid_request_error"
            assert error["message"]
            assert error["event_id"] == ("e1" if isinstance(message, dict) else None)
        client.append(at_rate(SENTENCE))
        completed = client.until(f"{TRANSCRIPTION}.completed")

    assert completed["transcript"] == "Level 3."


def test_a_message_that_is_too_large_is_refused_and_the_session_lives(server: LiveServer) -> None:
    with wire(server.address) as client:
        client.until("session.created")
        client.append(bytes(16 * 2**20))
        assert client.hear()["error"]["code"] == "event_too_large"
        client.append(at_rate(SENTENCE))
        assert client.until(f"{TRANSCRIPTION}.completed")["transcript"] == "Level 3."


def test_a_commit_after_the_server_has_ended_the_turn_is_empty(server: LiveServer) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        speaker.speak(at_rate(SENTENCE))
        speaker.until(f"{TRANSCRIPTION}.completed")
        speaker.connection.input_audio_buffer.commit(event_id="mine")
        error = speaker.until("error")["error"]

    assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "mine")


def test_a_commit_ends_a_turn_before_its_pause(server: LiveServer) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        speaker.speak(at_rate(babble(1.0, level=0.5)))
        speaker.connection.input_audio_buffer.commit()
        completed = speaker.until(f"{TRANSCRIPTION}.completed")

    assert completed["transcript"] == "Level 5."
    assert len(speaker.all("input_audio_buffer.committed")) == 1


# The handshake


def test_browsers_choose_the_dialect_by_subprotocols(server: LiveServer) -> None:
    offered = ("realtime", "openai-insecure-api-key.sk-none", "openai-beta.realtime-v1")
    with wire(server.address, "intent=transcription", *offered) as client:
        created = client.until("transcription_session.created")
        assert client.socket.subprotocol == "realtime"
    with wire(server.address, "intent=transcription", *offered[:2]) as client:
        client.until("session.created")

    assert created["session"]["input_audio_format"] == "pcm16"


def test_the_beta_dialect_is_answered_in_its_own_words(server: LiveServer) -> None:
    with wire(server.address, **{"openai-beta": "realtime=v1"}) as client:
        client.until("transcription_session.created")
        session = {
            "input_audio_format": "g711_ulaw",
            "input_audio_transcription": {"model": "whisper-1", "language": "en"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
            "input_audio_noise_reduction": None,
        }
        client.say({"type": "transcription_session.update", "session": session})
        updated = client.until("transcription_session.updated")["session"]
        client.append(companded(SENTENCE, "mu-law"))
        completed = client.until(f"{TRANSCRIPTION}.completed")

    assert updated["input_audio_format"] == "g711_ulaw"
    assert updated["input_audio_transcription"] == {"model": "whisper-1", "language": "en"}
    assert updated["turn_detection"]["silence_duration_ms"] == 300
    assert completed["transcript"] == "Level 3."
    assert f"{ITEM}.created" in client.kinds()
    assert f"{ITEM}.added" not in client.kinds()


def test_a_beta_client_of_conversations_hears_its_transcripts(server: LiveServer) -> None:
    with wire(server.address, "model=gpt-4o-realtime-preview", **{"openai-beta": "realtime=v1"}) as client:
        created = client.until("session.created")["session"]
        session = {
            "modalities": ["text"],
            "instructions": "Be kind.",
            "voice": "alloy",
            "input_audio_format": "pcm16",
            "input_audio_transcription": {"model": "whisper-1"},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "create_response": True,
            },
            "tools": [],
            "temperature": 0.8,
        }
        client.say({"type": "session.update", "session": session})
        updated = client.until("session.updated")["session"]
        client.append(at_rate(SENTENCE))
        item = client.until(f"{ITEM}.created")["item"]
        completed = client.until(f"{TRANSCRIPTION}.completed")
        client.say({"type": "response.create"})
        error = client.until("error")["error"]

    assert created["input_audio_format"] == "pcm16"
    assert (updated["input_audio_transcription"], updated["turn_detection"]["threshold"]) == (
        {"model": "whisper-1"},
        0.5,
    )
    assert updated["funasr"]["ignored"] == ["audio.input.turn_detection.create_response"]
    assert (completed["item_id"], completed["transcript"]) == (item["id"], "Level 3.")
    assert (error["code"], error["param"]) == ("invalid_value", "type")


@pytest.mark.parametrize(
    "path", ["/openai/realtime?api-version=2025-04-01-preview&deployment=x", "/openai/v1/realtime"]
)
def test_clients_of_azure_find_it_at_their_address(server: LiveServer, path: str) -> None:
    address = server.address.replace("http", "ws") + path
    with connect(address, additional_headers={"api-key": "none"}) as socket:
        assert json.loads(socket.recv(timeout=PATIENCE_SECONDS))["type"] == "session.created"


def test_a_client_of_today_that_speaks_the_beta_is_answered_in_it(server: LiveServer) -> None:
    with wire(server.address) as client:
        client.until("session.created")
        client.say({"type": "transcription_session.update", "session": {"turn_detection": None}})

        assert client.until("transcription_session.updated")["session"]["turn_detection"] is None


def test_a_browser_opens_the_session_that_its_server_has_configured(server: LiveServer) -> None:
    with openai_client(server.address) as client:
        audio: Any = {"input": {"turn_detection": None, "transcription": {"language": "en"}}}
        secret = client.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60}, session={"type": "transcription", "audio": audio}
        )
    with wire(server.address, "", "realtime", f"openai-insecure-api-key.{secret.value}") as browser:
        created = browser.until("session.created")["session"]

    assert secret.value.startswith("ek_")
    assert secret.session.to_dict()["audio"]["input"]["turn_detection"] is None
    assert created["audio"]["input"]["transcription"] == {"language": "en"}
    assert created["audio"]["input"]["turn_detection"] is None


def test_a_page_of_another_origin_needs_a_key_of_its_own(server: LiveServer) -> None:
    with openai_client(server.address) as client:
        secret = client.realtime.client_secrets.create(session={"type": "transcription"}).value
    for offered, is_welcome in ((f"openai-insecure-api-key.{secret}", True), ("openai-insecure-api-key.ek_no", False)):
        expected = nullcontext() if is_welcome else pytest.raises(InvalidStatus, match="403")
        with expected, wire(server.address, "", "realtime", offered, origin="https://app.example") as page:
            page.until("session.created")


def test_the_beta_hands_out_keys_too(server: LiveServer) -> None:
    answer = httpx2.post(
        f"{server.address}/v1/realtime/transcription_sessions", json={"input_audio_format": "g711_alaw"}
    ).json()
    headers = {"openai-beta": "realtime=v1", "authorization": f"Bearer {answer['client_secret']['value']}"}
    with wire(server.address, **headers) as client:
        created = client.until("transcription_session.created")

    assert answer["input_audio_format"] == created["session"]["input_audio_format"] == "g711_alaw"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"session": {"type": "transcription", "color": 1}}, "session.color"),
        ({"expires_after": {"seconds": 5}}, "expires_after.seconds"),
        ({"session": {"audio": {"input": {"transcription": {"language": "klingon"}}}}}, None),
        ("{", None),
    ],
)
def test_a_key_for_what_cannot_be_is_refused(server: LiveServer, body: Any, param: str | None) -> None:
    answer = httpx2.post(
        f"{server.address}/v1/realtime/client_secrets",
        **({"content": body} if isinstance(body, str) else {"json": body}),
    )

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert param is None or error["param"] == param


def test_an_unknown_key_is_told_and_closes_the_connection(server: LiveServer) -> None:
    with wire(server.address, authorization="Bearer ek_unknown") as client:
        code = client.until_closed()

    assert code == 1008
    assert client.heard[-1]["error"]["code"] == "invalid_api_key"


# Cuts and limits


def test_a_session_goes_on_after_a_cut(server: LiveServer) -> None:
    with wire(server.address) as client:
        session = client.until("session.created")["session"]
        client.append(at_rate(SENTENCE))
        first = client.until(f"{TRANSCRIPTION}.completed")
        client.append(at_rate(babble(0.6, level=0.6)))
        client.until("input_audio_buffer.speech_started")
        client.socket.socket.close()  # no close frame: the line is cut
    query = f"intent=transcription&session={session['id']}&token={session['funasr']['token']}&after=1"
    wait_until(lambda: not server.ask("/live/sessions")["items"][0]["connected"])
    with wire(server.address, query) as client:
        resumed = client.until("session.created")["session"]
        client.append(at_rate(np.concatenate([babble(0.6, level=0.6), silence(1.2)])))
        second = client.until(f"{TRANSCRIPTION}.completed")

    assert resumed["id"] == session["id"]
    assert 3600 < resumed["funasr"]["stored_ms"] <= 3710
    assert first["transcript"] == "Level 3."
    assert second["transcript"] == "Level 6."
    wait_until(lambda: newest(server)["state"] == "succeeded")
    assert newest(server)["text"] == "Level 3. Level 6."


def test_who_resumes_hears_what_it_missed(server: LiveServer) -> None:
    with wire(server.address) as client:
        session = client.until("session.created")["session"]
        client.append(at_rate(SENTENCE))
        item = client.until(f"{TRANSCRIPTION}.completed")["item_id"]
        client.socket.socket.close()
    query = f"session={session['id']}&token={session['funasr']['token']}"
    with wire(server.address, query) as client:
        client.until("session.created")
        again = client.until(f"{TRANSCRIPTION}.completed")

    assert (again["item_id"], again["transcript"]) == (item, "Level 3.")


def test_a_session_of_somebody_else_is_refused(server: LiveServer) -> None:
    with wire(server.address, "session=sess_0123456789abcdef&token=x") as client:
        code = client.until_closed()

    assert code == 1008
    assert client.heard[-1]["error"]["code"] == "live_session_unknown"


def test_more_sessions_than_allowed_are_told_to_come_later(serve: Callable[..., LiveServer]) -> None:
    server = serve(live_sessions="1")
    with wire(server.address) as first, wire(server.address) as second:
        first.until("session.created")
        first.append(at_rate(babble(0.5, level=0.3)))
        first.until("input_audio_buffer.speech_started")
        second.until("session.created")
        second.append(at_rate(SENTENCE))
        code = second.until_closed()

    assert code == 1013
    assert second.heard[-1]["error"]["code"] == "live_sessions_full"


def test_a_restart_of_the_server_closes_with_its_code(serve: Callable[..., LiveServer]) -> None:
    server = serve()
    with wire(server.address) as client:
        client.until("session.created")
        assert server.process
        server.process.terminate()

        assert client.until_closed() == 1012


def test_pages_of_other_sites_get_no_session(server: LiveServer) -> None:
    with pytest.raises(InvalidStatus) as refused, wire(server.address, origin="https://evil.example"):
        pass

    assert refused.value.response.status_code == 403


def test_an_hour_of_sound_in_one_breath_slows_the_client_down(server: LiveServer) -> None:
    """More sound than the server keeps in memory is taken as fast as it is read, and none of it is lost."""
    with voice(server.address) as speaker:
        speaker.until("session.created")
        speaker.speak(at_rate(np.concatenate([SENTENCE] * 30)), size=APPEND_BYTES * 100)
        texts = [speaker.until(f"{TRANSCRIPTION}.completed")["transcript"] for _ in range(30)]

    assert texts == ["Level 3."] * 30


def test_what_was_told_as_a_delta_stays(server: LiveServer) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        talk = np.concatenate([silence(0.3), *(babble(1.0, level=0.2) for _ in range(6)), silence(1.2)])
        speaker.speak(at_rate(talk))
        completed = speaker.until(f"{TRANSCRIPTION}.completed")

    assert completed["transcript"].startswith(speaker.deltas_of(completed["item_id"]))
    assert isinstance(speaker, Voice)


def test_a_session_goes_on_after_the_server_was_killed(serve: Callable[..., LiveServer]) -> None:
    server = serve()
    with wire(server.address) as client:
        session = client.until("session.created")["session"]
        client.append(at_rate(SENTENCE))
        client.until(f"{TRANSCRIPTION}.completed")
        wait_until(lambda: server.ask("/live/sessions")["items"][0]["seconds"] > 3)
        server.kill()
    server.start()
    query = f"session={session['id']}&token={session['funasr']['token']}"
    with wire(server.address, query) as client:
        stored_ms = client.until("session.created")["session"]["funasr"]["stored_ms"]
        rest = at_rate(SENTENCE)[stored_ms * 24 * 2 :]
        client.append(rest + at_rate(np.concatenate([babble(1.0, level=0.6), silence(1.2)])))
        texts = [client.until(f"{TRANSCRIPTION}.completed")["transcript"] for _ in range(2)]

    assert texts == ["Level 3.", "Level 6."]
    wait_until(lambda: newest(server)["state"] == "succeeded")
    assert newest(server)["text"] == "Level 3. Level 6."


def test_the_log_has_no_keys_of_the_address(server: LiveServer) -> None:
    with wire(server.address, "intent=transcription&api_key=sk-hidden-one&token=hidden-two") as client:
        client.until("session.created")
    log = server.data_dir / "logs" / "app.log"
    wait_until(lambda: "path=/v1/realtime" in log.read_text(encoding="utf-8"))

    assert "hidden-" not in log.read_text(encoding="utf-8")


@pytest.mark.parametrize("turn_detection", [None, {"type": "server_vad", "silence_duration_ms": 400}])
def test_a_case_is_spoken_again_in_openais_dialect(
    server: LiveServer, tmp_path: Path, turn_detection: dict[str, Any] | None
) -> None:
    with voice(server.address) as speaker:
        speaker.until("session.created")
        speaker.update(turn_detection=turn_detection, transcription={"keywords": ["甲乙"], "language": "en"})
        speaker.speak(at_rate(SENTENCE))
        if turn_detection is None:
            speaker.connection.input_audio_buffer.commit()
        speaker.until(f"{TRANSCRIPTION}.completed")
    wait_until(lambda: newest(server)["state"] == "succeeded")
    case = server.client.get(
        f"{server.address}/api/v1/transcriptions/{newest(server)['id']}/case",
        params={"audio": "whole", "keep_text": "true", "keep_names": "true"},
    )
    assert case.is_success, case.text
    (tmp_path / "case.zip").write_bytes(case.content)

    spoken = speak(tmp_path / "case.zip", server.address)

    assert (spoken.status, spoken.is_same, spoken.body) == (101, True, "Level 3.")
    wait_until(lambda: newest(server)["state"] == "succeeded")
    assert server.ask(f"/transcriptions/{newest(server)['id']}")["options"]["hotwords"] == ["甲乙"]
