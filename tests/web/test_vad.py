"""Speech detection over HTTP: analyse a recording, segment it again, explain the rest, export the list."""

from __future__ import annotations

import io
import json
import os
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.engine.catalog.extras import Extra
from app.engine.preparation.pool import PreparationPool
from app.engine.preparation.preparation import judge_apart
from app.main import create_app
from app.settings import Settings
from app.web import vad_waiting
from tests.engine.sounds import babble, noise, silence, wav_bytes
from tests.fake_events import install_fake
from tests.waiting import wait_until

VAD = "/api/v1/vad"
API = "/api/v1/transcriptions"


def recording(*pieces: np.ndarray) -> bytes:
    sound = np.concatenate(pieces or (silence(1.0), babble(2.0), silence(1.5), babble(0.12), silence(1.5), babble(3.0)))
    return wav_bytes((sound * 32767).astype(np.int16))


def look_at(client: TestClient, sound: bytes, name: str = "会议.wav") -> dict[str, Any]:
    answer = client.post(VAD, files={"file": (name, sound, "audio/wav")})
    assert answer.status_code == 201, answer.text
    return until_ready(client, answer.json())


def until_ready(client: TestClient, answer: dict[str, Any]) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        return dict(client.get(f"{VAD}/{answer['id']}").json())

    wait_until(lambda: look()["state"] != "reading")
    return look()


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer than a person is made to wait for the first answer."""
    monkeypatch.setattr(vad_waiting, "PATIENCE_SECONDS", 240.0)


@pytest.fixture(name="working")
def _working(settings: Settings, tmp_path: Any, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """The application with a worker whose engine says how loud a piece is, or withholds every text."""
    engine = getattr(request, "param", "EchoEngine")
    spec = EngineSpec(tmp_path, factory=f"tests.fakes:{engine}")
    with TestClient(
        create_app(settings, spec=spec), base_url="http://127.0.0.1", headers={"accept-language": "en"}
    ) as client:
        yield client


def test_a_recording_has_its_speech_and_the_rules_that_dropped_the_rest(client: TestClient) -> None:
    seen = look_at(client, recording())

    speech = seen["speech"]
    assert (seen["name"], seen["duration"], seen["channels"]) == (
        "会议.wav",
        pytest.approx(9.12, abs=0.01),
        1,
    )
    assert [round(each["start"]) for each in speech["segments"]] == [1, 6]
    assert len(seen["peaks"]) == 1000 or len(seen["peaks"]) > 400
    rules = {each["rule"]: each for each in speech["missing"]["rules"]}
    assert set(rules) == {"too_quiet", "too_short"}
    assert rules["too_short"]["title"] == "Speech too short"
    assert "minimum speech" in rules["too_short"]["advice"]
    covered = speech["segments"] + speech["missing"]["items"]
    assert sum(each["duration"] for each in covered) == pytest.approx(seen["duration"], abs=0.05)


def test_a_moved_control_finds_other_speech_in_the_same_recording(client: TestClient) -> None:
    seen = look_at(client, recording())

    def found(**options: float) -> list[dict[str, Any]]:
        answer = client.get(f"{VAD}/{seen['id']}", params=options)
        assert answer.status_code == 200, answer.text
        segments: list[dict[str, Any]] = answer.json()["speech"]["segments"]
        return segments

    assert len(found(min_speech_ms=30)) == 3
    assert len(found(min_silence_ms=5000)) == 1
    assert all(each["duration"] <= 1.001 for each in found(max_segment_ms=1000, speech_pad_ms=0))
    assert found(speech_pad_ms=0)[0]["start"] > found(speech_pad_ms=500)[0]["start"]
    assert found(threshold=0.3)
    assert found(threshold=1.0) == []
    for mode in range(4):
        for frame_ms in (10, 20, 30):
            assert found(mode=mode, frame_ms=frame_ms)


@pytest.mark.parametrize(
    "options",
    [{"mode": 4}, {"frame_ms": 15}, {"threshold": 1.5}, {"detector": "energy"}, {"max_segment_ms": 999}, {"max_segment_ms": 60001}, {"min_silence_ms": -1},
     {"max_segment_ms": 1000, "speech_pad_ms": 400}],
)  # fmt: skip
def test_an_option_out_of_its_bounds_is_refused_in_words(client: TestClient, options: dict[str, int]) -> None:
    seen = look_at(client, recording())

    answer = client.get(f"{VAD}/{seen['id']}", params=options)

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_parameter"


def test_a_recording_without_speech_says_so_with_advice(client: TestClient) -> None:
    seen = look_at(client, recording(noise(3.0, 0.0001)))

    assert seen["speech"]["segments"] == []
    assert "No speech was found" in seen["speech"]["advice"]
    assert [each["rule"] for each in seen["speech"]["missing"]["items"]] == ["too_quiet"]


def test_a_stereo_recording_is_heard_as_the_mean_of_both_sides(client: TestClient) -> None:
    left = np.concatenate([babble(2.0), silence(3.0)])
    right = np.concatenate([silence(3.0), babble(2.0)])
    both = (np.stack([left, right]) * 32767).astype(np.int16)

    seen = look_at(client, wav_bytes(both))

    assert seen["channels"] == 2
    assert len(seen["speech"]["segments"]) == 2


@pytest.mark.parametrize(
    ("sound", "code"),
    [
        (b"", "empty_file"),
        (b"this is no sound" * 100, "not_audio"),
        (recording(silence(0.05)), "audio_too_short"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_not_kept(
    client: TestClient, settings: Settings, sound: bytes, code: str
) -> None:
    answer = client.post(VAD, files={"file": ("a.wav", sound, "audio/wav")})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code
    assert list((settings.data_dir / "vad").iterdir()) == []


def test_a_recording_over_the_limit_of_hours_is_refused(settings: Settings) -> None:
    short = settings.model_copy(update={"max_duration_hours": 2 / 3600})
    with TestClient(create_app(short, start_worker=False), base_url="http://127.0.0.1") as client:
        answer = client.post(VAD, files={"file": ("a.wav", recording(), "audio/wav")})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "audio_too_long")


@pytest.mark.parametrize("id", ["0123456789abcdef", "t-unknown", "%2e%2e", ".."])
def test_an_unknown_recording_is_not_found(client: TestClient, id: str) -> None:
    answer = client.get(f"{VAD}/{id}/peaks")

    assert answer.status_code == 404


def test_the_picture_is_as_fine_as_the_view(client: TestClient) -> None:
    id = look_at(client, recording())["id"]

    whole = client.get(f"{VAD}/{id}/peaks", params={"buckets": 100}).json()
    silent = client.get(f"{VAD}/{id}/peaks", params={"start": 0, "end": 0.5, "buckets": 800}).json()
    loud = client.get(f"{VAD}/{id}/peaks", params={"start": 1.5, "end": 1.51, "buckets": 160}).json()

    assert len(whole["peaks"]) == 100
    assert max(high for _, high in whole["peaks"]) == pytest.approx(25, abs=3)
    assert {tuple(pair) for pair in silent["peaks"]} == {(0, 0)}
    assert len(loud["peaks"]) == 160
    assert any(low == high != 0 for low, high in loud["peaks"])


def test_a_long_list_comes_in_windows(client: TestClient) -> None:
    seen = look_at(client, recording(*[part for _ in range(12) for part in (babble(0.6), silence(1.0))]))

    window = client.get(
        f"{VAD}/{seen['id']}",
        params={
            "offset": 10,
            "limit": 5,
            "missing_offset": 2,
            "missing_limit": 3,
            "view_start": 4,
            "view_end": 8,
        },
    ).json()["speech"]

    assert (window["total"], window["offset"], len(window["segments"])) == (12, 10, 2)
    assert window["segments"][0] == seen["speech"]["segments"][10]
    assert window["missing"]["items"] == seen["speech"]["missing"]["items"][2:5]
    assert all(end > 4 and start < 8 for start, end in window["marks"])
    assert 2 <= len(window["marks"]) <= 4


def test_the_list_is_taken_away_in_every_format(client: TestClient) -> None:
    seen = look_at(client, recording())

    def taken(format: str) -> Any:
        return client.get(f"{VAD}/{seen['id']}/export", params={"format": format, "min_speech_ms": 30})

    table, data, labels, subtitles = map(taken, ("csv", "json", "txt", "srt"))
    rows = table.text.removeprefix("\ufeff").splitlines()
    assert table.text.startswith("\ufeff")
    query = {"format": "csv", "locale": "zh"}
    for_a_person = client.get(f"{VAD}/{seen['id']}/export", params=query).text
    assert for_a_person.removeprefix("\ufeff").startswith("序号,开始（秒）,结束（秒）,时长（秒）,")
    assert len(rows) == 4
    assert json.loads(data.text)["segments"][0]["duration"] == int(rows[1].split(",")[6])
    assert labels.text.splitlines()[2].split("\t")[2] == "3"
    assert subtitles.json()["error"]["code"] == "nothing_to_export"
    assert taken("wav").json()["error"]["code"] == "unknown_format"


def test_the_recording_can_be_heard_and_removed(client: TestClient, settings: Settings) -> None:
    sound = recording()
    id = look_at(client, sound)["id"]

    part = client.get(f"{VAD}/{id}/audio", headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    assert client.get(f"{VAD}/{id}/audio").content == sound
    assert client.delete(f"{VAD}/{id}").status_code == 204
    assert client.get(f"{VAD}/{id}").json()["error"]["code"] == "analysis_not_found"
    assert list((settings.data_dir / "vad").iterdir()) == []


def test_what_was_heard_plays_as_a_wav_file_whole_or_in_parts(client: TestClient) -> None:
    stereo = (np.stack([babble(1.0), babble(1.0)]) * 32767).astype(np.int16)
    id = look_at(client, wav_bytes(stereo), "call.mp3")["id"]

    def heard(span: str = "") -> Any:
        headers = {"range": f"bytes={span}"} if span else {}
        return client.get(f"{VAD}/{id}/audio?heard=true", headers=headers)

    whole = heard()
    with wave.open(io.BytesIO(whole.content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, 16_000, 16_000)
    assert int(whole.headers["content-length"]) == len(whole.content) == 44 + 32_000
    for span, part in [("0-", slice(0, None)), ("40-99", slice(40, 100)), ("20000-", slice(20000, None)), ("-7", slice(-7, None))]:  # fmt: skip
        assert (heard(span).status_code, heard(span).content) == (206, whole.content[part])
    assert heard("40-99").headers["content-range"] == "bytes 40-99/32044"
    assert heard("32044-").status_code == 416


def test_a_restart_finds_the_recording_again(settings: Settings) -> None:
    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        before = look_at(client, recording())
    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        after = client.get(f"{VAD}/{before['id']}").json()

    assert after == before


def test_a_server_without_recognition_says_that_texts_come_from_elsewhere(client: TestClient) -> None:
    id = look_at(client, recording())["id"]

    answer = client.post(f"{VAD}/{id}/texts", json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "recognition_elsewhere")


def read_texts(client: TestClient, id: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"{VAD}/{id}/texts", json=body)
    assert answer.status_code == 202, answer.text

    def speech() -> dict[str, Any]:
        return dict(client.get(f"{VAD}/{id}").json()["speech"])

    wait_until(lambda: not speech()["texts_waiting"])
    return speech()


def test_one_stretch_or_all_are_read_and_exported_as_subtitles(working: TestClient) -> None:
    seen = look_at(working, recording())
    first = seen["speech"]["segments"][0]

    one = read_texts(working, seen["id"], segments=[[first["start"], first["end"]]])
    assert [each["text"] for each in one["segments"]] == ["Level 2.", ""]
    every = read_texts(working, seen["id"])
    assert [each["text"] for each in every["segments"]] == ["Level 2.", "Level 2."]
    subtitles = working.get(f"{VAD}/{seen['id']}/export?format=srt").text
    assert subtitles.startswith("1\n00:00:00,")
    assert subtitles.count("Level 2.") == 2


@pytest.mark.parametrize("working", ["UnsureEngine"], indirect=True)
def test_a_text_that_was_withheld_says_by_which_rule(working: TestClient) -> None:
    seen = look_at(working, recording())

    speech = read_texts(working, seen["id"])

    rules = {each["rule"]: each["count"] for each in speech["missing"]["rules"]}
    assert rules["unsure"] == 2


def transcribe(client: TestClient) -> str:
    answer = client.post(API, files={"file": ("会议.wav", recording(), "audio/wav")})
    id = str(answer.json()["id"])
    wait_until(lambda: client.get(f"{API}/{id}").json()["state"] not in ("queued", "running"))
    return id


@pytest.mark.parametrize("working", ["EchoEngine", "UnsureEngine"], indirect=True)
def test_a_transcript_tells_for_every_moment_without_text_the_rule(working: TestClient) -> None:
    id = transcribe(working)
    job = working.get(f"{API}/{id}").json()

    told = working.get(f"{API}/{id}/missing").json()

    assert told["state"] == "ready"
    with_text = sum(each["end"] - each["start"] for each in job["segments"] if each["text"])
    without = sum(each["duration"] for each in told["items"])
    assert with_text + without == pytest.approx(job["duration"], abs=0.05)
    rules = {each["rule"] for each in told["rules"]}
    assert rules == {"too_quiet", "too_short"} | (set() if job["text"] else {"unsure"})
    only = working.get(f"{API}/{id}/missing", params={"rule": "too_short"}).json()
    assert [each["rule"] for each in only["items"]] == ["too_short"]


def test_the_recording_of_a_transcription_is_examined_without_an_upload(working: TestClient) -> None:
    id = transcribe(working)

    seen = until_ready(working, working.post(f"{VAD}/transcriptions/{id}").json())

    assert seen["transcription"] == id
    assert len(seen["speech"]["segments"]) == 2
    assert working.get(f"{VAD}/{seen['id']}/audio").content == recording()
    assert working.post(f"{VAD}/transcriptions/{id}").json()["id"] == seen["id"]
    missing = working.post(f"{VAD}/transcriptions/nothing")
    assert missing.json()["error"]["code"] == "transcription_not_found"


def test_who_asks_for_a_new_mode_several_times_has_it_judged_once(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.vad.analyses.VadAnalyses._judge_the_rest", lambda _self, _id: None)
    judged: list[Any] = []

    def judge(*arguments: Any, **named: Any) -> None:
        judged.append(arguments[2])
        judge_apart(*arguments, **named)

    monkeypatch.setattr("app.services.vad.analyses.judge_apart", judge)
    id = look_at(client, recording())["id"]

    with ThreadPoolExecutor(4) as pool:
        lengths = range(2000, 6000, 1000)
        found = list(
            pool.map(
                lambda ms: client.get(f"{VAD}/{id}", params={"mode": 3, "max_segment_ms": ms}).status_code,
                lengths,
            )
        )

    assert found == [200] * 4
    assert [[(way.detector, way.mode, way.frame_ms) for way in ways] for ways in judged] == [[("webrtcvad", 3, 30)]]


def test_what_was_heard_of_a_deleted_recording_does_not_stay(settings: Settings, tmp_path: Path) -> None:
    spec = EngineSpec(tmp_path, factory="tests.fakes:EchoEngine")
    with TestClient(create_app(settings, spec=spec), base_url="http://127.0.0.1") as client:
        id = transcribe(client)
        until_ready(client, client.post(f"{VAD}/transcriptions/{id}").json())
        assert (settings.data_dir / "vad" / f"t-{id}" / "audio.s16").is_file()
        assert client.delete(f"{API}/{id}").status_code == 204

    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1"):
        wait_until(lambda: not (settings.data_dir / "vad" / f"t-{id}").exists())


def test_without_the_extra_the_answer_says_how_to_install_it(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = Extra("events", ("absent_package",), 1)
    monkeypatch.setattr("app.services.vad.sounds.SOUND_EVENTS", absent)
    monkeypatch.setattr("app.services.models.model_extras.SOUND_EVENTS", absent)

    events = look_at(client, recording())["events"]

    assert (events["state"], events["totals"], events["marks"]) == ("absent", [], [])
    needs = events["needs"]
    assert (needs["packages"], needs["is_running"]) == (["absent_package"], False)
    assert needs["command"].endswith("requirements/events.txt")


def test_the_server_installs_the_extra_on_request_and_says_what_went_wrong(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple/")  # nobody listens there
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    absent = Extra("events", ("absent_package",), 1)
    for place in ("app.services.vad.sounds", "app.services.models.model_extras"):
        monkeypatch.setattr(f"{place}.SOUND_EVENTS", absent)
    monkeypatch.setattr("app.services.models.extras._is_here", lambda _name: False)
    id = look_at(client, recording())["id"]

    answer = client.post(f"{VAD}/events/install")

    assert (answer.status_code, answer.json()["is_running"]) == (202, True)
    wait_until(lambda: not client.get(f"{VAD}/{id}").json()["events"]["needs"]["is_running"])
    needs = client.get(f"{VAD}/{id}").json()["events"]["needs"]
    assert needs["problem"]["code"] == "extra_not_installed"
    assert "the package index cannot be reached" in needs["problem"]["message"]


@pytest.fixture(name="own_pool")
def _own_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that look for packages where this test has put one."""
    monkeypatch.setattr("app.main.PreparationPool", PreparationPool)


@pytest.mark.usefixtures("own_pool")
def test_what_sounds_is_heard_once_and_shown_in_the_view(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_fake(tmp_path / "packages", monkeypatch)

    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        id = look_at(client, recording())["id"]
        events = until_heard(client, id)
        monkeypatch.setattr("app.services.vad.analyses.listen_apart", None)
        part = client.get(f"{VAD}/{id}", params={"view_start": 3, "view_end": 5}).json()["events"]
    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        after_a_restart = client.get(f"{VAD}/{id}").json()["events"]

    assert events["state"] == "ready"
    assert {each["kind"]: each["seconds"] for each in events["totals"]} == {
        "speech": 1.0,
        "singing": 0.0,
        "music": pytest.approx(8.12, abs=0.01),
    }
    assert [(each["kind"], each["start"]) for each in events["marks"]] == [("speech", 0.5), ("music", 1.0)]
    assert [each["kind"] for each in part["marks"]] == ["music"]
    assert part["totals"] == events["totals"]
    assert after_a_restart == events


@pytest.mark.usefixtures("own_pool")
def test_speech_is_shown_where_sounds_cannot_be_heard(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_fake(tmp_path / "packages", monkeypatch, fails=True)

    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        seen = look_at(client, recording())
        events = until_heard(client, seen["id"])

    assert len(seen["speech"]["segments"]) == 2
    assert (events["state"], events["marks"]) == ("failed", [])


def until_heard(client: TestClient, id: str) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        return dict(client.get(f"{VAD}/{id}").json()["events"])

    wait_until(lambda: look()["state"] != "waiting")
    return look()
