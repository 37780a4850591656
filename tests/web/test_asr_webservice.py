"""Programs that speak whisper-asr-webservice's API, with the requests that they send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import data_folder
from tests.waiting import wait_until
from tests.web.speaking_server import TEXT, SpeakingServer, conversation, parts, speaking, talk

WAV_HEADER_BYTES = 44


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[SpeakingServer]:
    with speaking(data_folder(tmp_path_factory.mktemp("asr"), empty), root_path="/asr") as server:
        yield server


def ask(server: SpeakingServer, file: bytes, path: str = "/asr", **params: Any) -> httpx2.Response:
    with server.client() as client:
        return client.post(path, params=params, files={"audio_file": ("会议.mp3", file, "audio/mpeg")})


def samples(*levels: float) -> bytes:
    """Return the samples alone, as ffmpeg writes them with `-f s16le`."""
    return talk(*levels)[WAV_HEADER_BYTES:]


def test_bazarr_gets_subtitles_of_raw_samples(server: SpeakingServer) -> None:
    """It sends bytes without a name: requests calls the file as its field."""
    body, kind = parts(('name="audio_file"; filename="audio_file"', samples(), ""))
    params = {"task": "transcribe", "language": "zh", "output": "srt", "encode": "false"}
    with server.client() as client:
        headers = kind | {"user-agent": "Subliminal/2.1"}
        answer = client.post("/asr", params=params, content=body, headers=headers)
    job = server.job(answer)

    assert answer.text.startswith("1\n00:00:00,000 --> 00:00:01,")
    assert "Level 4." in answer.text
    assert (job["source"], job["options"]["language"], job["warnings"]) == ("asr", "zh", [])
    assert job["duration"] == pytest.approx(6.6, abs=0.01)


def test_bazarr_learns_the_language_first(server: SpeakingServer) -> None:
    before = {job["id"] for job in server.history()}
    answer = ask(server, samples(0.3), "/detect-language", encode="false")

    assert answer.json() == {"detected_language": "english", "language_code": "en", "confidence": 0.9}
    wait_until(lambda: {job["id"] for job in server.history()} == before)


def test_of_a_film_only_the_first_minutes_tell_the_language(server: SpeakingServer) -> None:
    film = samples(0.3) + bytes(2 * 16_000 * 400)
    with server.client() as client:
        answer = client.post("/detect-language", params={"encode": "false"}, files={"audio_file": film})

    assert answer.json()["language_code"] == "en"
    assert f"bytes={2 * 16_000 * 300 + WAV_HEADER_BYTES}" in server.log()


def test_speakr_gets_segments_with_speakers(server: SpeakingServer) -> None:
    params = {
        "encode": "true",
        "task": "transcribe",
        "output": "json",
        "diarize": "true",
        "enable_diarization": "true",
        "return_speaker_embeddings": "true",
        "min_speakers": 2,
        "max_speakers": 3,
        "initial_prompt": "Names: ZyntriQix, Digique Plus",
        "hotwords": "转写, Conformer",
        "model": "large-v3",
    }
    answer = ask(server, conversation(), **params)
    told = answer.json()

    assert (told["text"], told["language"]) == (TEXT, "en")
    assert [(each["speaker"], each["text"]) for each in told["segments"]] == [
        ("SPEAKER_00", "Level 2."),
        ("SPEAKER_01", "Level 4."),
        ("SPEAKER_00", "Level 6."),
    ]
    assert server.job(answer)["options"]["hotwords"] == ["转写", "Conformer", "ZyntriQix", "Digique Plus"]
    assert answer.headers["content-type"] == "application/json"


def test_words_come_when_they_are_asked_for(server: SpeakingServer) -> None:
    with_words = ask(server, talk(), output="json", word_timestamps="true").json()["segments"][0]
    without = ask(server, talk(), output="json").json()["segments"][0]

    assert with_words["words"][0] == {"word": "Level", "start": 0.0, "probability": 0.9, "score": 0.9} | {
        "end": with_words["words"][0]["end"]
    }
    assert "words" not in without
    assert "speaker" not in without


@pytest.mark.parametrize(
    ("output", "beginning"),
    [
        ("txt", "Level 2.\nLevel 4.\nLevel 6.\n"),
        ("", "Level 2.\nLevel 4.\nLevel 6.\n"),
        ("srt", "1\n00:00:00,000 -->"),
        ("vtt", "WEBVTT\n\n00:00:00.000 -->"),
        ("tsv", "start\tend\ttext\n0\t"),
    ],
)
def test_an_answer_has_the_form_that_was_asked_for(server: SpeakingServer, output: str, beginning: str) -> None:
    answer = ask(server, talk(), output=output)

    assert answer.text.startswith(beginning)
    assert f"%E4%BC%9A%E8%AE%AE.{output or 'txt'}" in answer.headers["content-disposition"]


def test_a_whole_file_is_read_whatever_its_sender_says_of_it(server: SpeakingServer) -> None:
    assert ask(server, talk(), encode="false").text == ask(server, talk(), encode="true").text


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"task": "translate"}, 400, "translation_unavailable"),
        ({"output": "xml"}, 422, "invalid_parameter"),
        ({"language": "klingon"}, 422, "unknown_language"),
        ({"diarize": "perhaps"}, 422, "invalid_parameter"),
        ({"encode": "perhaps"}, 422, "invalid_parameter"),
    ],
)
def test_a_wrong_parameter_is_refused_in_the_shape_of_fastapi(
    server: SpeakingServer, params: dict[str, str], status: int, code: str
) -> None:
    answer = ask(server, talk(), **params)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert isinstance(answer.json()["detail"], str)


def test_a_form_without_a_recording_is_refused(server: SpeakingServer) -> None:
    with server.client() as client:
        wrong_name = client.post("/asr", files={"file": ("a.wav", talk())})
        empty = client.post("/asr", files={"audio_file": ("a.wav", b"")}, params={"encode": "false"})

    assert (wrong_name.status_code, wrong_name.json()["code"]) == (422, "no_file")
    assert (empty.status_code, empty.json()["code"]) == (422, "empty_file")


@pytest.mark.parametrize("path", ["/asr", "/asr/asr"])
def test_a_root_path_of_the_same_name_is_no_obstacle(server: SpeakingServer, path: str) -> None:
    with server.client() as client:
        assert client.get("/asr/").status_code == 200
        assert client.get("/asr").headers["location"] == "/asr/"
    assert ask(server, talk(), path).text.startswith("Level 2.")
    assert ask(server, samples(0.3), "/asr/detect-language", encode="false").status_code == 200
