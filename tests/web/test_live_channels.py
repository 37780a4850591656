"""A live session with two channels: me and the others, who may speak at the same time."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.engine.sounds import RATE, Samples, babble, silence
from tests.waiting import wait_until
from tests.web.live_client import Message, Speaker
from tests.web.live_process import LiveServer, live_servers

NAMES = ["Me", "The others"]
TWO = {"channels": 2, "channel_names": NAMES}


@pytest.fixture(name="serve")
def _serve(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    with live_servers(tmp_path / "data") as serve:
        yield serve


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("live") / "data") as serve:
        yield serve()


def both(mine: Samples, theirs: Samples) -> Samples:
    """Interleave two channels; the shorter one goes on in silence."""
    length = max(mine.size, theirs.size)
    padded = [np.pad(each, (0, length - each.size)) for each in (mine, theirs)]
    return np.stack(padded, axis=1).ravel().astype(np.float32)


def joined(*sounds: Samples) -> Samples:
    return np.concatenate(sounds).astype(np.float32)


def channel_of(message: Message) -> int:
    return int(message["channel"])


def said(messages: list[Message]) -> list[tuple[int, int, str]]:
    return sorted((message["segment"], message["channel"], message["text"]) for message in messages)


def test_two_people_who_speak_at_once_are_read_apart(server: LiveServer) -> None:
    mine = joined(silence(0.3), babble(2.0, level=0.3), silence(2.2))
    theirs = joined(silence(0.8), babble(0.8, level=0.6), silence(1.4), babble(0.7, level=0.6), silence(1.0))
    with Speaker(server.address) as speaker:
        started = speaker.start(**TWO)
        at_first = 2 * round(1.5 * RATE)  # while both speak
        speaker.speak(both(mine, theirs)[:at_first])
        wait_until(lambda: {*map(channel_of, speaker.all("partial"))} == {1, 2} or not speaker.receive())
        speaker.speak(both(mine, theirs)[at_first:])
        ended = speaker.stop()

    assert (started["channels"], started["channel_names"]) == (2, NAMES)
    assert {*map(channel_of, speaker.all("voice-started"))} == {1, 2}
    # numbered as they began, although the others stopped first
    assert said(speaker.all("final")) == [(0, 1, "Level 3."), (1, 2, "Level 6."), (2, 2, "Level 6.")]
    record = server.ask(f"/transcriptions/{ended['transcription']}")
    assert [segment["channel"] for segment in record["segments"]] == [1, 2, 2]
    assert (record["state"], record["duration"], record["options"]["channels"]) == ("succeeded", 4.7, "separate")
    assert record["progress"]["seconds_done"] == pytest.approx(4.7)
    assert record["channel_names"] == NAMES


def test_both_channels_end_up_in_the_recording(server: LiveServer) -> None:
    mine, theirs = joined(babble(1.0, level=0.3), silence(1.0)), silence(2.0)
    with Speaker(server.address) as speaker:
        id = speaker.start(**TWO)["transcription"]
        speaker.speak(both(mine, theirs))
        speaker.stop()

    whole = server.client.get(f"{server.address}/api/v1/transcriptions/{id}/audio").content
    channels, rate = struct.unpack_from("<HI", whole, 22)
    assert (channels, rate, whole[44:]) == (2, 16000, speaker.sound)
    heard = server.client.get(f"{server.address}/api/v1/transcriptions/{id}/audio?heard=true").content
    assert struct.unpack_from("<H", heard, 22) == (2,)
    assert len(heard) == len(whole)
    picture = server.ask(f"/transcriptions/{id}/peaks")["peaks"]
    assert max(high for _, high in picture[:400]) == round(127 * 0.3)
    assert picture[-300:] == [[0, 0]] * 300


def test_channels_are_named_in_every_file_and_can_be_renamed(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        id = speaker.start(**TWO)["transcription"]
        speaker.speak(both(joined(babble(0.8, level=0.3), silence(2.2)), joined(silence(1.6), babble(0.8, level=0.6))))
        speaker.speak(both(silence(1.0), silence(1.0)))
        speaker.stop()

    def exported() -> str:
        return server.client.get(f"{server.address}/api/v1/transcriptions/{id}/export?format=txt").text

    assert "Me: Level 3." in exported()
    assert "The others: Level 6." in exported()
    renamed = server.tell("PATCH", f"/transcriptions/{id}", json={"channel_names": ["Li", ""]})
    assert renamed["channel_names"] == ["Li", ""]
    assert "Li: Level 3." in exported()
    assert "Channel 2: Level 6." in exported()
    again = server.tell("POST", f"/transcriptions/{id}/again", json={"quality": "fast"})["id"]
    wait_until(lambda: server.state_of(again) == "succeeded")
    record = server.ask(f"/transcriptions/{again}")
    assert record["channel_names"] == ["Li", ""]
    assert [(each["channel"], each["text"]) for each in record["segments"]] == [(1, "Level 3."), (2, "Level 6.")]


def test_a_server_that_is_killed_while_both_speak_loses_nothing(serve: Callable[[], LiveServer]) -> None:
    server = serve()
    with Speaker(server.address) as speaker:
        started = speaker.start(**TWO)
        speaker.speak(both(babble(3.0, level=0.3), joined(silence(0.5), babble(0.8, level=0.6), silence(1.7))))
        speaker.until("final")  # of the others, while I go on
        speaker.until_acknowledged()
        server.kill()
    server.start()
    with Speaker(server.address, speaker.sound) as later:
        again = later.start(started["session"], started["token"])
        assert (again["channels"], again["channel_names"]) == (2, NAMES)
        assert said(again["segments"]) == [(1, 2, "Level 6.")]
        later.send_rest()
        later.speak(both(silence(1.0), silence(1.0)))
        later.stop()

    record = server.ask(f"/transcriptions/{started['transcription']}")
    assert [(each["index"], each["channel"], each["text"]) for each in record["segments"]] == [
        (0, 1, "Level 3."),
        (1, 2, "Level 6."),
    ]
    assert record["segments"][0]["end"] - record["segments"][0]["start"] > 2.9


def test_a_segment_that_is_dropped_leaves_no_gap_in_the_numbers(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        id = speaker.start(**TWO)["transcription"]
        speaker.speak(both(babble(1.0, level=0.3), joined(silence(0.4), babble(0.6, level=0.6))))
        speaker.until("voice-started", lambda message: message["channel"] == 2)
        speaker.say({"type": "clear"})
        speaker.until("cleared")
        speaker.speak(both(silence(1.0), silence(1.0)))
        speaker.speak(both(silence(0.1), joined(babble(0.8, level=0.6), silence(1.0))))
        speaker.say({"type": "commit"})
        committed = speaker.until("committed")
        speaker.stop()

    assert committed["segments"] == 1
    assert [(each["index"], each["channel"]) for each in server.ask(f"/transcriptions/{id}")["segments"]] == [(0, 2)]


def test_a_client_that_says_nothing_of_channels_has_one(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        started = speaker.start()
        speaker.speak(joined(babble(0.8, level=0.3), silence(1.0)))
        speaker.stop()

    assert (started["channels"], started["channel_names"]) == (1, [])
    [final] = speaker.all("final")
    assert final["channel"] is None
    assert server.sound_of(started["transcription"]) == speaker.sound


@pytest.mark.parametrize("message", [{"channels": 3}, {"channels": 0}, {"channel_names": ["x" * 41]}])
def test_channels_that_do_not_fit_are_refused(server: LiveServer, message: Message) -> None:
    with Speaker(server.address) as speaker:
        speaker.say({"type": "audio-start", **message})
        assert speaker.until_closed()["code"] == "live_message_wrong"


def test_a_chunk_with_half_a_sample_of_all_channels_is_refused(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        speaker.start(**TWO)
        speaker.say(struct.pack("<I", 0) + bytes(6))
        assert speaker.until_closed()["code"] == "live_sound_wrong"
