"""The case of a program's request holds what it sent, and `replay --url` speaks its dialect again."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.support.case.log import LEFT_OUT
from tests import warm
from tests.conftest import data_folder
from tests.databases import stored_in
from tests.web.speaking_server import SPEECH, TEXT, SpeakingServer, parts, speaking, talk

PROMPT = "Names: Ouyang Jingyi, ZyntriQix"
FORM = (
    ('name="model"', b"whisper-1", ""),
    ('name="response_format"', b"verbose_json", ""),
    ('name="timestamp_granularities[]"', b"word", ""),
    ('name="prompt"', PROMPT.encode(), ""),
    ('name="api_key"', b"secret-in-a-field", ""),
    ('name="known_speaker_references[]"', b"data:audio/wav;base64,VOICE", ""),
    ('name="file"; filename="divorce.wav"', talk(), "Content-Type: audio/wav\r\n"),
    ('name="language"', b"", ""),
)


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[SpeakingServer]:
    with speaking(data_folder(tmp_path_factory.mktemp("cases"), empty)) as server:
        yield server


@pytest.fixture(name="answer", scope="module")
def _answer(server: SpeakingServer) -> httpx2.Response:
    body, kind = parts(*FORM)
    headers = kind | {"authorization": "Bearer secret-in-a-header", "user-agent": "OpenAI/Python 3.57.0 (of Jingyi)"}
    with server.client() as client:
        return client.post(f"{SPEECH}?api-version=1&key=secret-in-a-query", content=body, headers=headers)


def case_of(server: SpeakingServer, answer: httpx2.Response, **choice: Any) -> bytes:
    with server.client() as client:
        case = client.get(f"/api/v1/transcriptions/{server.job(answer)['id']}/case", params=choice)
    assert case.is_success, case.text
    return case.content


def request_in(case: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(case)) as archive:
        return dict(json.loads(archive.read("request.json")))


def test_a_case_holds_the_parts_in_their_order_without_what_a_person_said(
    server: SpeakingServer, answer: httpx2.Response
) -> None:
    told = request_in(case_of(server, answer))
    values = {part["name"]: part["value"] for part in told["parts"]}

    assert told["path"] == SPEECH
    assert [part["name"] for part in told["parts"]] == [
        *("model", "response_format", "timestamp_granularities[]", "prompt", LEFT_OUT),
        *("known_speaker_references[]", "file", "language"),
    ]
    assert (values["response_format"], values["timestamp_granularities[]"]) == ("verbose_json", "word")
    assert values["prompt"] == LEFT_OUT
    assert told["parts"][6]["file_name"] == "recording.wav"
    assert (told["parts"][6]["content_type"], told["parts"][6]["size_bytes"]) == ("audio/wav", len(talk()))
    assert told["headers"]["user-agent"] == "OpenAI/Python"


def test_keys_and_voices_are_kept_nowhere(server: SpeakingServer, answer: httpx2.Response) -> None:
    case = case_of(server, answer, keep_text=True, keep_names=True)
    told = request_in(case)
    everything = json.dumps(told) + server.log() + stored_in(server.data_dir).decode("latin-1")

    assert {part["name"]: part["value"] for part in told["parts"]}["prompt"] == PROMPT
    assert told["parts"][6]["file_name"] == "divorce.wav"
    for secret in ("secret-in-a-field", "secret-in-a-header", "secret-in-a-query", "VOICE"):
        assert secret not in everything


def test_a_replay_speaks_the_dialect_again(server: SpeakingServer, answer: httpx2.Response, tmp_path: Path) -> None:
    case = tmp_path / "case.zip"
    case.write_bytes(case_of(server, answer, audio="whole", keep_text=True))

    spoken = warm.run("replay", case, "--url", server.address, "--json")
    told = json.loads(spoken.stdout)
    body = json.loads(told["body"])

    assert (spoken.returncode, told["status"], told["is_same"]) == (0, 200, True), spoken.stderr
    assert (body["text"], len(body["words"]), "segments" in body) == (TEXT, 6, False)
    assert json.loads(told["headers"]["x-funasr-receipt"])["transcription"] != server.job(answer)["id"]


def test_a_replay_tells_what_the_case_does_not_hold(
    server: SpeakingServer, answer: httpx2.Response, tmp_path: Path
) -> None:
    case = tmp_path / "case.zip"
    case.write_bytes(case_of(server, answer, audio="whole"))

    spoken = warm.run("replay", case, "--url", server.address)

    assert spoken.returncode == 0, spoken.stderr
    assert f"POST {server.address}{SPEECH}" in spoken.stdout
    assert "the case does not hold them: prompt, " in spoken.stdout


def test_a_failed_request_fails_again(server: SpeakingServer, tmp_path: Path) -> None:
    with server.client() as client:
        client.post("/asr", params={"output": "json"}, files={"audio_file": ("a.mp3", b"no sound at all")})
        id = server.history()[0]["id"]
        case = tmp_path / "case.zip"
        case.write_bytes(client.get(f"/api/v1/transcriptions/{id}/case", params={"audio": "whole"}).content)

    spoken = warm.run("replay", case, "--url", server.address)

    assert spoken.returncode == 0, spoken.stderr
    assert f"POST {server.address}/asr?output=json -> 422" in spoken.stdout


def test_a_refused_request_has_a_case_as_well(server: SpeakingServer, tmp_path: Path) -> None:
    body, kind = parts(*FORM[:2], ('name="temperature"', b"0.3", ""), ('name="stream"', b"perhaps", ""), FORM[6])
    with server.client() as client:
        refused = client.post(SPEECH, content=body, headers=kind)
        case = client.get(f"/api/v1/requests/{refused.headers['x-request-id']}/case").content
    told = request_in(case)
    (tmp_path / "case.zip").write_bytes(case)

    spoken = warm.run("replay", tmp_path / "case.zip", "--url", server.address)

    assert refused.status_code == 400
    assert [part["value"] for part in told["parts"]] == ["whisper-1", "verbose_json", "0.3", "perhaps", None]
    assert spoken.returncode == 0, spoken.stderr
    assert '"param":"stream"' in spoken.stdout


@pytest.mark.parametrize("path", [".evil.example/v1/audio/transcriptions", "@evil.example/", "/api/v1/trash"])
def test_a_case_of_a_stranger_cannot_choose_the_server(
    server: SpeakingServer, answer: httpx2.Response, tmp_path: Path, path: str
) -> None:
    case, changed = io.BytesIO(case_of(server, answer, audio="whole")), tmp_path / "case.zip"
    with zipfile.ZipFile(case) as archive, zipfile.ZipFile(changed, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, _with_path(name, archive.read(name), archive, path))

    spoken = warm.run("replay", changed, "--url", server.address)

    assert spoken.returncode not in (0, 4)
    assert "request.json" in spoken.stderr


def _with_path(name: str, content: bytes, archive: zipfile.ZipFile, path: str) -> bytes:
    request = json.dumps(json.loads(archive.read("request.json")) | {"path": path}).encode()
    if name == "request.json":
        return request
    if name != "manifest.json":
        return content
    manifest = json.loads(content)
    for file in manifest["files"]:
        if file["name"] == "request.json":
            file |= {"size": len(request), "sha256": hashlib.sha256(request).hexdigest()}
    return json.dumps(manifest).encode()
