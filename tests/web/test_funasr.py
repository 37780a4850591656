"""FunASR's websocket clients against a real server: offline, online, 2pass and the commands of its realtime server."""

from __future__ import annotations

import io
import json
import ssl
import subprocess
import wave
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.support.replay.dialect import speak
from tests.engine.sounds import babble, silence
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web.funasr_client import (
    Android,
    client_api,
    page_text,
    peer,
    printed_by_csharp,
    printed_by_python,
    python_client,
    read_by_go,
)
from tests.web.live_client import as_pcm
from tests.web.live_process import LiveServer, live_servers
from tests.web.realtime_client import at_rate

ONE = np.concatenate([silence(0.4), babble(1.5, level=0.3), silence(1.2)])
TWO = np.concatenate([ONE, babble(1.0, level=0.6), silence(0.3)])
UNFINISHED = ONE[: -round(1.1 * 16_000)]  # its end is told before a pause ends it
CONFIG: dict[str, Any] = {"mode": "2pass", "wav_name": "test", "is_speaking": True, "chunk_size": [5, 10, 5]}
END = {"is_speaking": False}


@pytest.fixture(name="serve")
def _serve(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    with live_servers(tmp_path / "data") as serve:
        yield serve


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("funasr") / "data") as serve:
        yield serve()


def newest(server: LiveServer) -> dict[str, Any]:
    return dict(server.ask("/transcriptions")["items"][0])


def wav(sound: Any, rate: int = 16_000, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(channels)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        recording.writeframes(sound)
    return file.getvalue()


# Each client


@pytest.mark.smoke
def test_the_python_client_reads_files_offline(server: LiveServer) -> None:
    client = python_client(server.address, "offline", [("one", as_pcm(ONE)), ("two", as_pcm(TWO))])

    assert client.socket.subprotocol == "binary"
    texts = [
        (message["wav_name"], message["text"]) for message in client.heard_of("offline") if not message.get("is_end")
    ]
    assert texts == [("one", "Level 3."), ("two", "Level 3. Level 6.")]
    record = newest(server)
    assert (record["name"], record["source"], record["state"]) == ("two", "funasr", "succeeded")
    [acknowledgement, _] = [message for message in client.heard if message.get("is_end")]
    assert acknowledgement["ignored"] == [
        "chunk_interval",
        "chunk_size",
        "decoder_chunk_look_back",
        "encoder_chunk_look_back",
    ]


def test_the_python_client_speaks_in_2pass(server: LiveServer) -> None:
    client = python_client(server.address, "2pass", [("talk", as_pcm(TWO)), ("again", as_pcm(ONE))])

    of_talk = [message for message in client.heard if message["wav_name"] == "talk" and not message.get("is_end")]
    assert printed_by_python(of_talk) == "Level 3.Level 6."
    finals = [message for message in of_talk if message["mode"] == "2pass-offline"]
    assert [message["is_final"] for message in finals] == [False, True]
    assert [(message["slice_type"], message["index"]) for message in finals] == [(2, 0), (2, 1)]
    assert finals[0]["start_time"] < 500
    assert 1800 < finals[0]["end_time"] < 2400
    assert [sentence["text_seg"] for sentence in finals[0]["stamp_sents"]] == ["Level 3"]
    assert finals[0]["stamp_sents"][0]["punc"] == "."
    assert newest(server)["name"] == "again"


def test_the_python_client_speaks_online(server: LiveServer) -> None:
    client = python_client(server.address, "online", [("talk", as_pcm(TWO))])

    messages = [message for message in client.heard if not message.get("is_end")]
    assert {message["mode"] for message in messages} == {"online"}
    turns, text = [], ""
    for message in messages:
        text += message["text"]
        if message["is_final"]:
            turns.append(text)
            text = ""
    assert [turn for turn in turns if turn] == ["Level 3.", "Level 6."]


def test_an_old_python_client_gets_no_acknowledgement_it_did_not_ask_for(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say(CONFIG | {"mode": "offline"})
        client.send_sound(as_pcm(ONE))
        client.say(END)
        answer = client.hear()
        client.say(CONFIG | {"mode": "offline", "wav_name": "next"})
        client.say(END)
        following = client.hear()

    assert (answer["text"], answer["is_final"], "is_end" in answer) == ("Level 3.", True, False)
    assert (following["wav_name"], following["text"]) == ("next", "")


def test_the_page_shows_a_file_that_it_sends_as_pcm_with_its_header(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say(
            {
                "chunk_size": [5, 10, 5],
                "wav_name": "h5",
                "is_speaking": True,
                "chunk_interval": 10,
                "itn": False,
                "mode": "offline",
                "wav_format": "PCM",
                "audio_fs": 44100,
                "hotwords": '{"阿里巴巴":20,"hello world":40}',
            }
        )
        client.send_sound(wav(at_rate(TWO, 44_100), 44_100), size=960)
        client.say(
            {"chunk_size": [5, 10, 5], "wav_name": "h5", "is_speaking": False, "chunk_interval": 10, "mode": "offline"}
        )
        answer = client.until(is_final=True)

    assert answer["text"] == "Level 3. Level 6."
    shown = page_text(client.heard)
    assert [line.partition(":")[2] for line in shown.splitlines()] == ["Level", "3", "Level", "6"]
    record = server.ask(f"/transcriptions/{newest(server)['id']}")
    assert record["options"]["itn"] is False
    assert record["options"]["hotwords"] == ["阿里巴巴", "hello world:40"]


def test_the_page_has_its_finals_within_three_seconds(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say(CONFIG | {"wav_name": "h5", "itn": True})
        client.send_sound(as_pcm(UNFINISHED))
        client.say(
            {"chunk_size": [5, 10, 5], "wav_name": "h5", "is_speaking": False, "chunk_interval": 10, "mode": "2pass"}
        )
        while not client.heard or not client.heard[-1]["is_final"]:
            client.hear(3.0)

    assert "3" in page_text(client.heard)


def test_a_go_client_can_read_every_message(server: LiveServer) -> None:
    with peer(server.address) as client:
        for mode in ("2pass", "offline"):
            client.say(CONFIG | {"mode": mode, "hotwords": ""})
            client.send_sound(as_pcm(TWO))
            client.say({"is_speaking": False, "is_end": True})
            while True:
                message = client.socket.recv(timeout=PATIENCE_SECONDS)
                assert isinstance(message, str)
                if read_by_go(message).get("is_end"):
                    break


def test_a_csharp_client_finds_a_stamp_for_every_character(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say('{"mode": "offline", "wav_name": "a.wav", "is_speaking": true,"hotwords":""}')
        client.send_sound(as_pcm(TWO), size=1_024_000)
        client.say('{"is_speaking": false}')
        [answer] = [client.hear()]

    assert [line.partition("]:")[2] for line in printed_by_csharp(answer)] == ["Level 3. Level 6."]


@pytest.mark.parametrize("sound", [TWO, silence(1.5)], ids=["speech", "silence"])
def test_a_java_client_closes_after_its_text(server: LiveServer, sound: Any) -> None:
    """It writes `chunk_size` as numbers and hotwords as JSON in a text, and closes on the first true `is_final`."""
    config = {"mode": "offline", "chunk_size": [5, 10, 5], "chunk_interval": 10, "wav_name": "javatest"}
    words = json.dumps({"hello world": "30", "nihao": "40"})
    with peer(server.address) as client:
        client.say(config | {"hotwords": words, "wav_format": "pcm", "is_speaking": True})
        client.send_sound(as_pcm(sound), size=1920)
        client.say({"is_speaking": False})
        answers = [client.hear()]
        while answers[-1].get("is_final", True) is not True:
            answers.append(client.hear())

    assert [answer["text"] for answer in answers] == ["Level 3. Level 6." if sound is TWO else ""]


def test_an_android_client_closes_after_the_last_word(server: LiveServer) -> None:
    android = Android()
    with peer(server.address) as client:
        client.say(CONFIG | {"wav_name": "android", "itn": True})
        client.send_sound(as_pcm(TWO))
        client.say(END)
        while not android.is_closed:
            android.read(client.hear())
        with pytest.raises(TimeoutError):
            client.hear(0.5)

    assert android.finals == "Level 3.Level 6."


def test_the_last_message_is_what_client_api_returns(server: LiveServer) -> None:
    assert client_api(server.address, "offline", as_pcm(ONE), 5.0)["text"] == "Level 3."
    assert client_api(server.address, "2pass", as_pcm(UNFINISHED), 5.0)["text"] == "Level 3."


# What they send


def test_sound_before_the_configuration_is_kept(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.send_sound(as_pcm(UNFINISHED))
        client.say(CONFIG)
        client.say(END)
        client.until(text="Level 3.", is_final=True)


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ({"hotwords": '{"阿里巴巴": 30}'}, ["阿里巴巴:30"]),
        ({"hotwords": {"阿里巴巴": 500}}, ["阿里巴巴:100"]),
        ({"hotwords": "甲乙 丙丁"}, ["甲乙", "丙丁"]),
        ({"hotwords": "甲乙,丙丁"}, ["甲乙", "丙丁"]),
        ({"hotwords": "阿里巴巴 20\nhello world 40"}, ["阿里巴巴", "hello world:40"]),
        ({"hotwords": ["甲乙", "丙丁"]}, ["甲乙", "丙丁"]),
        ({"hotword": "甲乙"}, ["甲乙"]),
    ],
)
def test_hotwords_come_in_every_form(server: LiveServer, member: dict[str, Any], expected: list[str]) -> None:
    python_client(server.address, "2pass", [("words", as_pcm(ONE))], **({"hotwords": ""} | member))

    assert server.ask(f"/transcriptions/{newest(server)['id']}")["options"]["hotwords"] == expected


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("mode", ["offline", "2pass"])
def test_pcm_of_any_rate_is_heard(server: LiveServer, mode: str, rate: int) -> None:
    client = python_client(server.address, mode, [("rate", at_rate(ONE, rate))], audio_fs=rate)

    assert "Level 3." in [message["text"] for message in client.heard]


def test_a_header_inside_the_stream_tells_rate_and_channels(server: LiveServer) -> None:
    mono = np.frombuffer(at_rate(ONE, 44_100), dtype="<i2")
    recording = wav(np.stack([mono, np.zeros_like(mono)], axis=1).tobytes(), 44_100, channels=2)
    with peer(server.address) as client:
        for size in (960, 333, 7):
            client.say(CONFIG | {"wav_name": f"wav {size}"})
            client.send_sound(recording[:100], size=7)
            client.send_sound(recording[100:], size=size * 10)
            client.say(END)
            client.until(is_final=True)
            spoken = [
                each for each in client.heard_of("2pass-offline") if each["wav_name"] == f"wav {size}" and each["text"]
            ]
            # half as loud in the mean of both channels
            assert [(each["text"], each["end_time"]) for each in spoken] == [("Level 1.", 2208)]


def test_a_file_of_another_format_is_decoded_offline(server: LiveServer, tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "talk.mp3"), "w") as container:
        stream = container.add_stream("mp3", rate=16000)
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(as_pcm(ONE), dtype="<i2")[np.newaxis], format="s16", layout="mono"
        )
        frame.sample_rate = 16000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)

    client = python_client(
        server.address, "offline", [("talk", (tmp_path / "talk.mp3").read_bytes())], wav_format="others"
    )

    assert client.heard_of("offline")[0]["text"].startswith("Level ")


def test_is_finished_ends_a_recording_too(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say(CONFIG)
        client.send_sound(as_pcm(ONE))
        client.say({"is_finished": True})
        assert client.until(is_final=True)["mode"] == "2pass-offline"


def test_another_name_begins_another_recording(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say(CONFIG | {"wav_name": "first"})
        client.send_sound(as_pcm(ONE))
        client.say(CONFIG | {"wav_name": "second"})
        client.send_sound(as_pcm(ONE))
        client.say(END)
        first = client.until(wav_name="first", is_final=True)
        second = client.until(wav_name="second", is_final=True)

    assert (first["mode"], second["mode"]) == ("2pass-offline", "2pass-offline")


# What goes wrong


def test_every_mistake_is_answered(server: LiveServer) -> None:
    wrong: list[tuple[Any, str]] = [
        ("{", "funasr_message_wrong"),
        ("[1, 2]", "funasr_message_wrong"),
        ("x" * 300_000, "funasr_message_wrong"),
        (CONFIG | {"mode": "3pass"}, "funasr_mode_unknown"),
        (CONFIG | {"audio_fs": "fast"}, "funasr_message_wrong"),
        (CONFIG | {"hotwords": "x" * 200}, "invalid_parameter"),
        (CONFIG | {"hotwords": 5}, "invalid_parameter"),
        (CONFIG | {"wav_format": "mp3"}, "funasr_format_wrong"),
    ]
    with peer(server.address) as client:
        for message, code in wrong:
            client.say(message)
            answer = client.hear()
            assert answer["code"] == code, (message, answer)
            assert answer["error"]
            assert (answer["text"], type(answer["is_final"]), "mode" in answer) == ("", bool, True)
            if isinstance(message, dict):
                client.send_sound(as_pcm(babble(0.1)))
                client.say({"is_speaking": False, "is_end": True})
                acknowledgement = client.hear()
                assert (acknowledgement["is_end"], acknowledgement["is_final"]) == (True, False)
                assert acknowledgement["code"] == code
        client.say(CONFIG)
        client.send_sound(as_pcm(ONE))
        client.say("{no json")
        client.send_sound(as_pcm(TWO[len(ONE) :]))
        client.say(END)
        client.until(is_final=True)

    assert printed_by_python(client.heard_of("2pass-offline")) == "Level 3.Level 6."


def test_a_file_that_is_none_is_told_with_its_reason(server: LiveServer) -> None:
    with pytest.raises(RuntimeError, match="finalize 'text'"):
        python_client(server.address, "offline", [("text", b"no sound at all" * 100)], wav_format="mp3")


def test_a_python_client_hears_of_a_full_server(serve: Callable[..., LiveServer]) -> None:
    server = serve(live_sessions="1")
    with peer(server.address) as first:
        first.say(CONFIG)
        first.send_sound(as_pcm(ONE))
        first.until(mode="2pass-offline")
        with pytest.raises(RuntimeError, match="live sessions"):
            python_client(server.address, "2pass", [("second", as_pcm(ONE))])


def test_a_file_beyond_the_limit_is_refused(serve: Callable[..., LiveServer]) -> None:
    server = serve(max_upload_mb="1")
    with pytest.raises(RuntimeError, match="limit of 1 MB"):
        python_client(server.address, "offline", [("long", bytes(3 << 20))])


def test_too_much_sound_before_the_configuration_is_refused(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.send_sound(bytes(17 << 20), size=1 << 20)
        assert client.hear()["code"] == "funasr_sound_too_early"


def test_a_cut_line_keeps_what_was_said(server: LiveServer) -> None:
    for mode in ("2pass", "offline"):
        with peer(server.address) as client:
            client.say(CONFIG | {"mode": mode, "wav_name": f"cut {mode}"})
            client.send_sound(as_pcm(ONE if mode == "2pass" else TWO))
            if mode == "2pass":
                client.until(mode="2pass-offline")
            else:
                client.send_sound(as_pcm(silence(0.2)))
        wait_until(lambda mode=mode: newest(server)["name"] == f"cut {mode}" and newest(server)["state"] == "succeeded")

    assert newest(server)["text"] == "Level 3. Level 6."


def test_a_client_that_reads_nothing_ends_with_its_session_kept(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say(CONFIG | {"wav_name": "gone"})
        client.send_sound(as_pcm(ONE))
        client.until(mode="2pass-offline")
        client.socket.socket.close()
    wait_until(lambda: newest(server)["name"] == "gone" and newest(server)["state"] == "succeeded")


# The commands of funasr-realtime-server


def test_the_commands_of_the_realtime_server_work(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say("HOTWORDS:阿里巴巴,Conformer")
        client.say("LANGUAGE:中文")
        client.say("POSTPROCESS_HOTWORDS:Level=>Stufe")
        client.say("START")
        client.send_sound(as_pcm(TWO))
        client.say("STOP")
        client.until(event="stopped")

    events = [message for message in client.heard if "event" in message]
    assert events[0] == {"event": "hotwords_set", "hotwords": ["阿里巴巴", "Conformer"]}
    assert [each["event"] for each in events[1:]] == ["language_set", "postprocess_hotwords_set", "started", "stopped"]
    last = client.heard[-2]
    assert [sentence["text"] for sentence in last["sentences"]] == ["Stufe 3.", "Stufe 6."]
    assert (last["is_final"], last["partial"], last["duration_ms"]) == (True, "", round(len(TWO) / 16))
    record = server.ask(f"/transcriptions/{newest(server)['id']}")
    assert (record["options"]["language"], record["source"]) == ("zh", "funasr")


def test_a_commit_ends_an_utterance(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say("START")
        client.send_sound(as_pcm(babble(1.0, level=0.4)))
        client.say("COMMIT")
        result = client.until(is_final=True)
        client.say("STOP")
        client.until(event="stopped")

    assert [sentence["text"] for sentence in result["sentences"]] == ["Level 4."]


def test_unknown_commands_are_answered(server: LiveServer) -> None:
    with peer(server.address) as client:
        client.say("COMMIT")
        assert client.hear()["event"] == "error"
        client.say("DANCE")
        assert client.hear()["event"] == "error"
        client.say("LANGUAGE:Klingon")
        assert client.hear()["code"] == "unknown_language"
        client.say("STOP")
        assert client.hear() == {"event": "stopped"}


def test_messages_have_the_compact_form_that_is_searched_by_a_pattern(server: LiveServer) -> None:
    client = python_client(server.address, "offline", [("one", as_pcm(ONE))])

    stamp = client.heard_of("offline")[0]["timestamp"]
    assert " " not in stamp
    assert len(json.loads(stamp)) >= len("Level 3.")


# The port of FunASR


def test_every_path_of_its_own_port_is_the_websocket(serve: Callable[..., LiveServer]) -> None:
    server = serve(funasr_port="0")
    for path in ("/", "/wss/", "/any/thing?x=1"):
        client = python_client(server.funasr_address, "2pass", [("talk", as_pcm(ONE))], path)
        assert "Level 3." in [message["text"] for message in client.heard]
    page = server.client.get(server.funasr_address)

    assert page.status_code == 426
    assert "FunASR" in page.text


@pytest.mark.parametrize(
    ("origin", "is_welcome"),
    [("http://127.0.0.1:1337", True), ("https://evil.example", False), ("null", False), (None, True)],
)
def test_pages_of_the_same_machine_may_use_the_port(
    serve: Callable[..., LiveServer], origin: str | None, is_welcome: bool
) -> None:
    server = serve(funasr_port="0")
    headers = {"origin": origin} if origin else {}
    address = server.funasr_address.replace("http", "ws")
    expected = nullcontext() if is_welcome else pytest.raises(InvalidStatus, match="403")
    with expected, connect(address, additional_headers=headers) as socket:
        socket.send("{")
        assert "funasr_message_wrong" in str(socket.recv(timeout=PATIENCE_SECONDS))


def test_both_ports_speak_tls_with_a_certificate(serve: Callable[..., LiveServer], tmp_path: Path) -> None:
    certificate = tmp_path / "server.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*make, "-keyout", certificate, "-out", tmp_path / "c.pem"], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + (tmp_path / "c.pem").read_text())
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    server = serve(funasr_port="0", ssl_certfile=str(certificate))
    address = server.funasr_address.replace("http", "https")

    with peer(address, "/", ssl=trusting) as client:
        client.say(CONFIG)
        client.send_sound(as_pcm(ONE))
        client.say(END)
        client.until(is_final=True)
    with httpx2.Client(verify=False) as browser:
        assert browser.get(server.address.replace("http", "https") + "/health").status_code == 200


# Cases


@pytest.mark.parametrize("mode", ["offline", "2pass"])
def test_a_case_is_spoken_again_in_funasrs_dialect(server: LiveServer, tmp_path: Path, mode: str) -> None:
    python_client(server.address, mode, [(f"case {mode}", as_pcm(TWO))], hotwords="甲乙")
    wait_until(lambda: newest(server)["state"] == "succeeded")
    case = server.client.get(
        f"{server.address}/api/v1/transcriptions/{newest(server)['id']}/case",
        params={"audio": "whole", "keep_text": "true", "keep_names": "true"},
    )
    assert case.is_success, case.text
    (tmp_path / "case.zip").write_bytes(case.content)

    spoken = speak(tmp_path / "case.zip", server.address)

    assert (spoken.status, spoken.is_same, spoken.left_out) == (101, True, ())
    assert spoken.body.split("\n") == (["Level 3. Level 6."] if mode == "offline" else ["Level 3.", "Level 6."])
    assert newest(server)["name"] == f"case {mode}"
