"""The forms of programs as they are on the wire, and what is answered to wrong ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import data_folder
from tests.web.speaking_server import SPEECH, TEXT, SpeakingServer, parts, speaking, talk

FILE = ('name="file"; filename="a.wav"', talk(), "Content-Type: audio/wav\r\n")


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[SpeakingServer]:
    folder = data_folder(tmp_path_factory.mktemp("openai"), empty)
    with speaking(folder, max_upload_mb="1", root_path="/speech") as server:
        yield server


def send(server: SpeakingServer, *each: tuple[str, bytes, str], path: str = SPEECH, **headers: str) -> httpx2.Response:
    body, kind = parts(*each)
    with server.client() as client:
        return client.post(path, content=body, headers=kind | headers)


def field(name: str, value: str) -> tuple[str, bytes, str]:
    return f'name="{name}"', value.encode(), ""


def receipt(answer: httpx2.Response) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in json.loads(answer.headers["x-funasr-receipt"])["changes"]}


@pytest.mark.parametrize(
    "file",
    [
        FILE,
        ('name="file"; filename="upload"', talk(), "Content-Type: application/octet-stream\r\n"),
        ('name="file"', talk(), "Content-Type: audio/wav\r\n"),
        ('name="file"; filename=""', talk(), ""),
        ('name="file"; filename="没有后缀"', talk(), ""),
    ],
)
def test_a_file_needs_no_name_and_no_type(server: SpeakingServer, file: tuple[str, bytes, str]) -> None:
    before, after = [field("model", "whisper-1"), file], [file, field("model", "whisper-1")]

    assert send(server, *before).json()["text"] == TEXT
    assert send(server, *after).json()["text"] == TEXT


def test_empty_parts_are_absent_ones(server: SpeakingServer) -> None:
    names = ("language", "prompt", "response_format", "temperature", "stream", "keywords[]", "include[]", "hotwords")
    answer = send(server, *(field(name, "") for name in names), field("chunking_strategy", ""), FILE)

    assert (answer.status_code, answer.json()["text"]) == (200, TEXT)
    assert receipt(answer).keys() <= {"device", "model"}


@pytest.mark.parametrize(
    "sent",
    [
        [field("timestamp_granularities[]", "word"), field("timestamp_granularities[]", "segment")],
        [field("timestamp_granularities", "word"), field("timestamp_granularities", "segment")],
        [field("timestamp_granularities", "word, segment")],
        [field("timestamp_granularities[0]", "word"), field("timestamp_granularities[1]", "segment")],
        [field("timestamp_granularities[]", '["word", "segment"]')],
    ],
)
def test_a_list_is_understood_however_it_is_written(server: SpeakingServer, sent: list[tuple[str, bytes, str]]) -> None:
    told = send(server, FILE, field("response_format", "verbose_json"), *sent).json()

    assert (len(told["words"]), len(told["segments"])) == (6, 3)


@pytest.mark.parametrize(
    "sent",
    [
        [field("chunking_strategy[type]", "server_vad"), field("chunking_strategy[silence_duration_ms]", "900")],
        [field("chunking_strategy", '{"type": "server_vad", "silence_duration_ms": 900}')],
    ],
)
def test_an_object_is_understood_in_brackets_and_as_json(
    server: SpeakingServer, sent: list[tuple[str, bytes, str]]
) -> None:
    assert "a pause of 0.9 s" in server.detection(send(server, FILE, *sent))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ([field("keywords[]", "热词, 一个"), field("keywords[]", "Route 66")], ["热词, 一个", "Route 66"]),
        ([field("keywords", "甲，乙")], ["甲", "乙"]),
        ([field("hotwords", "甲\nConformer:30")], ["甲", "Conformer:30"]),
        ([field("hotwords", '["甲", {"text": "乙", "weight": 40}]')], ["甲", "乙:40"]),
        ([field("hotword", "甲"), field("phrase_bias", "乙")], ["甲", "乙"]),
        ([field("prompt", "Names: ZyntriQix, Digique Plus")], ["ZyntriQix", "Digique Plus"]),
        ([field("prompt", "以下是普通话的句子。")], []),
    ],
)
def test_words_to_listen_for_have_many_names(
    server: SpeakingServer, sent: list[tuple[str, bytes, str]], words: list[str]
) -> None:
    assert server.job(send(server, FILE, *sent))["options"]["hotwords"] == words


@pytest.mark.parametrize(
    ("language", "code"), [("zh-CN", "zh"), ("Chinese", "zh"), ("auto", "auto"), ("en_US", "en"), ("ZH", "zh")]
)
def test_languages_are_known_by_many_names(server: SpeakingServer, language: str, code: str) -> None:
    answer = send(server, FILE, field("language", language))

    assert server.job(answer)["options"]["language"] == code


def test_a_single_allowed_language_is_prescribed(server: SpeakingServer) -> None:
    one = send(server, FILE, field("languages[]", "en"))
    several = send(server, FILE, field("languages[]", "en"), field("languages[]", "fr"))

    assert (server.job(one)["options"]["language"], "languages" in receipt(one)) == ("en", False)
    assert (server.job(several)["options"]["language"], receipt(several)["languages"]["applied"]) == ("auto", "auto")


def test_a_repeat_is_told_of_its_own_request_alone(server: SpeakingServer) -> None:
    sound = ('name="file"', talk(0.9), "")
    first = send(server, sound, field("prompt", "以下是普通话的句子。"), field("temperature", "0.5"))
    repeat = send(server, sound, field("model", "whisper-1"))

    assert server.job(first)["id"] == server.job(repeat)["id"]
    assert {"prompt", "temperature"} <= receipt(first).keys()
    assert receipt(repeat).keys() == {"device", "model"}


def test_unknown_fields_and_models_do_no_harm(server: SpeakingServer) -> None:
    answer = send(server, field("user", "x"), field("model", "Systran/faster-whisper-large-v3"), field("", "y"), FILE)

    assert answer.json()["text"] == TEXT
    assert receipt(answer)["model"]["asked"] == "Systran/faster-whisper-large-v3"
    assert answer.headers["x-funasr-receipt"].isascii()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_format", "xml"),
        ("language", "klingon"),
        ("languages[]", "klingon"),
        ("stream", "perhaps"),
        ("timestamp_granularities[]", "letter"),
        ("chunking_strategy", "{"),
        ("chunking_strategy[type]", "client_vad"),
        ("chunking_strategy[threshold]", "2"),
        ("chunking_strategy[threshold]", "nan"),
        ("chunking_strategy[silence_duration_ms]", "soon"),
        ("keywords[]", "x" * 200),
        ("hotwords", "word:1000"),
        ("quality", "best"),
    ],
)
def test_a_wrong_value_is_named(server: SpeakingServer, name: str, value: str) -> None:
    answer = send(server, FILE, field(name, value))
    error = answer.json()["error"]

    assert (answer.status_code, set(error)) == (400, {"message", "type", "param", "code"})
    assert (error["type"], error["param"]) == ("invalid_request_error", name.partition("[")[0])
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "each",
    [
        [field("model", "whisper-1")],
        [('name="file"', b"", "")],
        [('name="file"; filename="a.wav"', b"", "")],
        [FILE, FILE],
        [('name="file"', b"words", "")],
        [field("model", "x" * 9_000_000), FILE],
    ],
)
def test_a_form_without_a_recording_is_the_fault_of_its_sender(
    server: SpeakingServer, each: list[tuple[str, bytes, str]]
) -> None:
    answer = send(server, *each)

    assert answer.status_code in (400, 413)
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/v1/nothing", {}, 404),
        ("GET", "/v1", {}, 404),
        ("DELETE", SPEECH, {}, 405),
        ("POST", SPEECH, {"json": {"file": "a.wav"}}, 400),
        ("POST", SPEECH, {"data": {"file": "a.wav"}}, 400),
        ("POST", SPEECH, {"json": {"file": "x" * 70_000}}, 413),
        ("POST", SPEECH, {"files": {"file": ("a.wav", b"\0" * 2_000_000)}}, 413),
        ("POST", SPEECH, {"files": {"file": ("a.wav", b"x")}, "headers": {"origin": "https://evil.example"}}, 403),
        ("GET", "/v1/models", {"headers": {"host": "evil.example"}}, 403),
        ("GET", "/openai/deployments/x", {}, 404),
        ("GET", "/v1/models/x%00y", {}, 404),
    ],
)
def test_every_refusal_has_the_four_members(
    server: SpeakingServer, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    with server.client() as client:
        answer = client.request(method, path, **more)

    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert answer.headers["x-request-id"]


def test_a_refusal_is_english_unless_another_language_is_asked_for(server: SpeakingServer) -> None:
    with server.client() as client:
        assert client.get("/v1/no").json()["error"]["message"].startswith("There is nothing")
        chinese = client.get("/v1/no", headers={"accept-language": "zh"})
    assert "不存在" in chinese.json()["error"]["message"]


def test_the_api_works_under_a_root_path_as_well(server: SpeakingServer) -> None:
    answer = send(server, FILE, path=f"/speech{SPEECH}", prefer="respond-async")

    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    assert answer.headers["location"] == f"/speech/api/v1/transcriptions/{answer.json()['id']}"
    with server.client() as client:
        assert client.get(answer.headers["location"]).json()["source"] == "openai"


def test_a_form_never_loses_the_body_of_what_programs_send(server: SpeakingServer) -> None:
    """Values of other encodings, and names in quotation marks."""
    odd = ("name=\"prompt\"; filename*=UTF-8''x", b"\xff\xfe", "")

    assert send(server, odd, FILE, ('name="hotwords"', "甲".encode("gb18030"), "")).status_code in (200, 400)
