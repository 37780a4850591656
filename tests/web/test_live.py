"""Live recognition through a real socket of a real server: acknowledged audio is never lost."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.engine.sounds import babble, silence
from tests.engine.speakers.voices import write_networks
from tests.waiting import wait_until
from tests.web.live_client import Message, Speaker
from tests.web.live_process import LiveServer, live_servers


@pytest.fixture(name="serve")
def _serve(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    with live_servers(tmp_path / "data") as serve:
        yield serve


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for the tests that leave it as it was."""
    with live_servers(tmp_path_factory.mktemp("live") / "data") as serve:
        yield serve()


def texts(messages: list[Message]) -> list[str]:
    return [message["text"] for message in messages]


@pytest.mark.smoke
def test_two_sentences_come_back_while_they_are_spoken(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        started = speaker.start(name="Talk of today")
        assert server.state_of(started["transcription"]) == "running"
        speaker.speak(silence(0.5))
        speaker.speak(babble(1.5, level=0.3))
        partial = speaker.until("partial")
        speaker.speak(silence(1.0))
        first = speaker.until("final")
        speaker.speak(babble(1.0, level=0.6))
        speaker.speak(silence(1.0))
        ended = speaker.stop()

    assert partial["text"].startswith("Level 3")
    assert partial["segment"] == 0
    assert speaker.all("voice-started")[0]["start"] < 0.5
    assert first["start"] < 0.5
    assert 2.0 < first["end"] < 2.5
    assert [word["text"] for word in first["words"]] == ["Level", "3."]
    assert texts(speaker.all("final")) == ["Level 3.", "Level 6."]
    record = server.ask(f"/transcriptions/{ended['transcription']}")
    assert (record["state"], record["source"], record["name"]) == ("succeeded", "live", "Talk of today")
    assert record["text"] == "Level 3. Level 6."
    assert record["duration"] == 5.0
    assert server.sound_of(ended["transcription"]) == speaker.sound
    assert record["size_bytes"] == len(speaker.sound) + 44
    picture = server.ask(f"/transcriptions/{ended['transcription']}/peaks")["peaks"]
    assert picture[:100] == [[0, 0]] * 100  # half a second of silence is a tenth of it
    assert max(high for _, high in picture) == round(127 * 0.6)


def test_the_client_may_end_or_drop_a_segment_itself(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        speaker.start()
        speaker.speak(babble(1.0, level=0.3))
        speaker.say({"type": "commit"})
        committed = speaker.until("committed")
        speaker.speak(babble(1.0, level=0.6))
        speaker.say({"type": "clear"})
        cleared = speaker.until("cleared")
        speaker.stop()

    assert committed["segments"] == 1
    assert 0.9 < committed["end"] <= 1.0
    assert 1.9 < cleared["end"] <= 2.0
    assert texts(speaker.all("final")) == ["Level 3."]


def test_what_partials_call_stable_stays(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        speaker.start()
        for _ in range(8):
            speaker.speak(babble(0.5, level=0.3))
            speaker.until("partial")
        speaker.speak(silence(1.0))
        speaker.stop()

    partials = speaker.all("partial")
    assert any(partial["stable"] for partial in partials)
    for earlier, later in pairwise(partials):
        assert later["text"].startswith(earlier["text"][: earlier["stable"]])
        assert later["stable"] >= earlier["stable"]


def test_a_server_that_is_killed_loses_nothing_and_the_session_goes_on(
    serve: Callable[..., LiveServer],
) -> None:
    server = serve()
    with Speaker(server.address) as speaker:
        started = speaker.start()
        speaker.speak(babble(1.0, level=0.3))
        speaker.speak(silence(1.0))
        speaker.until("final")
        speaker.speak(babble(0.8, level=0.6))
        acknowledged = speaker.until("acknowledged", lambda message: message["next_chunk"] > 20)
        server.kill()
    server.start()

    with Speaker(server.address, speaker.sound) as later:
        again = later.start(started["session"], started["token"])
        assert acknowledged["next_chunk"] <= again["next_chunk"] <= speaker.next_chunk
        assert texts(again["segments"]) == ["Level 3."]
        later.send_rest()
        later.speak(babble(0.4, level=0.6))
        later.speak(silence(1.0))
        later.stop()

    record = server.ask(f"/transcriptions/{started['transcription']}")
    assert record["text"] == "Level 3. Level 6."
    assert record["segments"][1]["end"] - record["segments"][1]["start"] > 1.4
    assert server.sound_of(started["transcription"]) == later.sound


def test_a_cut_connection_goes_on_and_the_new_one_takes_over(server: LiveServer) -> None:
    with Speaker(server.address) as first:
        started = first.start()
        first.speak(babble(1.0, level=0.3))
        first.until_acknowledged()
        with Speaker(server.address, first.sound) as second:
            again = second.start(started["session"], started["token"])
            assert again["token"] is None
            assert again["next_chunk"] == 10
            last = first.until_closed()
            second.speak(babble(1.0, level=0.3))
            second.speak(silence(1.0))
            second.stop()

    assert (last["code"], last["fatal"]) == ("live_taken_over", True)
    record = server.ask(f"/transcriptions/{started['transcription']}")
    assert [segment["text"] for segment in record["segments"]] == ["Level 3."]
    assert server.sound_of(started["transcription"]) == second.sound


def test_a_repeated_chunk_counts_once_and_a_missing_one_is_asked_for(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        started = speaker.start()
        speaker.speak(babble(0.5))
        speaker.send_chunk(2)
        speaker.until_acknowledged()
        speaker.sound += speaker.sound
        speaker.send_chunk(7)
        problem = speaker.until("problem")
        assert speaker.until("acknowledged")["next_chunk"] == 5
        speaker.say({"type": "audio-stop", "chunks": 10})
        late = speaker.until("problem")
        speaker.send_rest()
        speaker.stop()

    assert (problem["code"], problem["fatal"]) == ("live_gap", False)
    assert problem["request_id"]
    assert late["code"] == "live_gap"
    assert server.sound_of(started["transcription"]) == speaker.sound


def test_other_settings_hold_from_the_next_segment_on(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        started = speaker.start(vad={"mode": 1, "min_silence_ms": 900}, options={"channels": "mix"})
        speaker.say(
            {
                "type": "settings",
                "vad": {"max_segment_ms": 1000},
                "options": {"hotwords": [{"text": "转写", "weight": 30}]},
            }
        )
        settings = speaker.until("settings")
        speaker.speak(babble(3.0))
        speaker.speak(silence(1.2))
        speaker.stop()

    assert (started["vad"]["detector"], started["vad"]["mode"]) == ("webrtcvad", 1)
    assert settings["vad"] == {**started["vad"], "max_segment_ms": 1000}
    assert settings["options"]["hotwords"] == ["转写:30"]
    assert len(speaker.all("final")) > 2


def test_who_speaks_follows_each_text_and_is_told_again_to_who_reconnects(
    serve: Callable[..., LiveServer], tmp_path: Path
) -> None:
    (tmp_path / "models" / "speakers").mkdir(parents=True)
    write_networks(tmp_path / "models" / "speakers", hears_one=True)
    server = serve(models_dir=str(tmp_path / "models"))
    with Speaker(server.address) as speaker:
        started = speaker.start(options={"speakers": "auto"})
        speaker.speak(babble(2.0))
        speaker.speak(silence(1.2))
        told = speaker.until("speakers")
        speaker.say({"type": "settings", "options": {"speakers": "off"}})
        settings = speaker.until("settings")
    with Speaker(server.address, speaker.sound) as again:
        back = again.start(started["session"], started["token"])
        again.stop()
    wait_until(lambda: len(server.ask(f"/transcriptions/{started['transcription']}/speakers")["speakers"]) == 1)

    assert started["speakers"] == []
    assert told["speakers"] == back["speakers"] == [{"segment": 0, "speaker": 1}]
    assert (started["options"]["speakers"], settings["options"]["speakers"]) == ("auto", "auto")
    assert speaker.all("final")[0]["text"]


def test_a_session_is_resumed_whatever_settings_were_refused(server: LiveServer) -> None:
    too_long = {"hotwords": "x" * 101}
    with Speaker(server.address) as speaker:
        started = speaker.start()
        speaker.say({"type": "settings", "options": too_long})
        refusal = speaker.until_closed()
    with Speaker(server.address) as later:
        later.start(started["session"], started["token"], options=too_long)
        ended = later.stop()

    assert refusal["code"] == "invalid_parameter"
    assert ended["transcription"] == started["transcription"]


def test_the_answer_to_a_stop_that_was_missed_is_given_again(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        started = speaker.start()
        speaker.speak(babble(1.0, level=0.3))
        speaker.stop()
        with Speaker(server.address) as later:
            again = later.start(started["session"], started["token"])
            ended = later.until("ended")

    assert texts(again["segments"]) == ["Level 3."]
    assert ended["transcription"] == started["transcription"]
    assert later.all("problem") == []


def test_a_session_that_nobody_takes_up_is_finished(serve: Callable[..., LiveServer]) -> None:
    server = serve(live_keep_minutes="0.02")
    with Speaker(server.address) as speaker:
        started = speaker.start()
        speaker.speak(babble(1.0, level=0.3))
        speaker.until_acknowledged()
    id = started["transcription"]
    [session] = server.ask("/live/sessions")["items"]
    assert (session["transcription"], session["seconds"]) == (id, 1.0)
    wait_until(lambda: server.state_of(id) == "succeeded")

    assert server.ask("/live/sessions") == {"items": []}
    assert server.ask(f"/transcriptions/{id}")["text"] == "Level 3."
    assert server.sound_of(id) == speaker.sound
    with Speaker(server.address) as later:
        later.start(started["session"], started["token"])
        assert later.until("problem")["code"] == "live_session_over"
        later.until("ended")


def test_a_session_that_a_killed_server_left_is_finished_after_its_restart(
    serve: Callable[..., LiveServer],
) -> None:
    server = serve(live_keep_minutes="0.05")
    with Speaker(server.address) as speaker:
        id = speaker.start()["transcription"]
        speaker.speak(babble(1.0, level=0.3))
        speaker.until_acknowledged()
        server.kill()
    server.start()
    wait_until(lambda: server.state_of(id) == "succeeded")

    assert server.ask(f"/transcriptions/{id}")["text"] == "Level 3."
    assert server.sound_of(id) == speaker.sound


def test_without_recognition_the_sound_is_stored_and_the_text_follows(
    serve: Callable[..., LiveServer],
) -> None:
    server = serve("refuse")
    with Speaker(server.address) as speaker:
        id = speaker.start()["transcription"]
        speaker.speak(babble(1.0, level=0.3))
        speaker.speak(silence(1.0))
        problem = speaker.until("problem")
        speaker.until_acknowledged()
        server.note("healed")
        final = speaker.until("final")
        speaker.stop()

    assert (problem["code"], problem["fatal"]) == ("live_text_waits", False)
    assert final["text"] == "Level 3."
    assert server.ask(f"/transcriptions/{id}")["text"] == "Level 3."


def test_cancelling_the_transcription_ends_the_session(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        id = speaker.start()["transcription"]
        speaker.speak(babble(1.0, level=0.3))
        speaker.until_acknowledged()
        server.tell("POST", f"/transcriptions/{id}/cancel")
        speaker.until("ended")

    assert speaker.all("problem")[-1]["code"] == "live_session_over"
    assert server.state_of(id) == "cancelled"
    assert server.sound_of(id) == speaker.sound


def test_a_live_recording_is_recognised_again_like_any_other(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        id = speaker.start()["transcription"]
        speaker.speak(babble(1.0, level=0.3))
        speaker.speak(silence(1.0))
        speaker.stop()
    other = server.tell("POST", f"/transcriptions/{id}/again", json={"quality": "fast"})["id"]
    wait_until(lambda: server.state_of(other) == "succeeded")

    assert server.ask(f"/transcriptions/{other}")["text"] == "Level 3."
    audio = server.client.get(f"{server.address}/api/v1/transcriptions/{id}/audio")
    assert audio.content[44:] == speaker.sound


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "audio-start", "session": "nobody", "token": "x"}, "live_session_unknown"),
        ({"type": "audio-start", "sample_rate": 48000}, "live_rate_wrong"),
        ({"type": "audio-start", "options": {"language": "xx"}}, "unknown_language"),
        ({"type": "audio-start", "vad": {"mode": 7}}, "invalid_parameter"),
        ({"type": "audio-start", "vad": {"mode": "loud"}}, "live_message_wrong"),
        ({"type": "ping", "sent_at": 1}, "live_message_wrong"),
        ({"type": "nonsense"}, "live_message_wrong"),
        (b"\x00\x00\x00\x00\x01\x00", "live_message_wrong"),
    ],
)
def test_a_beginning_that_does_not_fit_is_refused_with_its_reason(
    server: LiveServer, message: Message | bytes, code: str
) -> None:
    with Speaker(server.address) as speaker:
        speaker.say(message)
        problem = speaker.until_closed()

    assert (problem["type"], problem["code"], problem["fatal"]) == ("problem", code, True)
    assert problem["message"]
    assert problem["advice"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (struct.pack("<I", 0) + bytes(32_002), "live_sound_wrong"),
        (struct.pack("<I", 0) + bytes(3), "live_sound_wrong"),
        (struct.pack("<I", 0), "live_sound_wrong"),
        (json.dumps({"type": "audio-start"}), "live_message_wrong"),
        ("{", "live_message_wrong"),
    ],
)
def test_a_frame_that_does_not_fit_ends_the_connection_but_not_the_session(
    server: LiveServer, frame: bytes | str, code: str
) -> None:
    with Speaker(server.address) as speaker:
        started = speaker.start()
        speaker.speak(babble(0.3))
        speaker.until_acknowledged()
        speaker.socket.send(frame)
        assert speaker.until_closed()["code"] == code
    with Speaker(server.address, speaker.sound) as later:
        assert later.start(started["session"], started["token"])["next_chunk"] == 3
        later.stop()


def test_only_the_client_that_began_a_session_goes_on_with_it(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        started = speaker.start()
        with Speaker(server.address) as stranger:
            stranger.say({"type": "audio-start", "session": started["session"], "token": "guessed"})
            assert stranger.until_closed()["code"] == "live_token_wrong"
        speaker.speak(babble(0.5))
        speaker.stop()


def test_pages_of_other_sites_get_no_socket(server: LiveServer) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        Speaker(server.address, origin="https://evil.example"),
    ):
        pass
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body)["error"]["code"] == "cross_site_request"

    with Speaker(server.address, origin=server.address) as own:
        own.start()
        own.stop()


def test_a_ping_is_answered_and_a_dead_connection_is_closed(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        speaker.start()
        speaker.say({"type": "ping", "sent_at": 12.5})
        assert speaker.until("pong")["sent_at"] == 12.5
        last = speaker.until_closed()

    assert (last["code"], last["fatal"]) == ("live_silent", True)


def test_more_sessions_than_allowed_are_refused(serve: Callable[..., LiveServer]) -> None:
    server = serve(live_sessions="1")
    with Speaker(server.address) as first, Speaker(server.address) as second:
        first.start()
        second.say({"type": "audio-start"})
        assert second.until_closed()["code"] == "live_sessions_full"


def test_problems_are_told_in_the_readers_language(server: LiveServer) -> None:
    with Speaker(server.address, cookie="language=zh") as speaker:
        speaker.say({"type": "nonsense"})
        assert "客户端" in speaker.until_closed()["message"]


def test_who_catches_up_is_not_told_to_free_the_disk(server: LiveServer) -> None:
    """Two minutes were kept while the connection was gone, and come within a second."""
    with Speaker(server.address) as speaker:
        speaker.start()
        speaker.speak(silence(120.0))
        speaker.stop()
        assert [news["code"] for news in speaker.heard if news["type"] == "error"] == []


def test_who_asks_without_reading_is_let_go(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        speaker.start()
        asked = 120_000
        ping = json.dumps({"type": "ping", "sent_at": 1.0})
        with suppress(ConnectionClosed):
            for _ in range(asked):
                speaker.socket.send(ping)
        speaker.until_closed()

        assert len(speaker.all("pong")) < asked
        assert speaker.socket.close_code != 1000
