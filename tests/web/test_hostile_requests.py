"""Malformed and malicious requests are refused with our errors: never an internal error."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.refusing import REFUSALS, refuse_writing
from tests.web.conftest import API
from tests.web.test_transcriptions import send

JSON = {"content-type": "application/json"}
HUGE = (2**63, 10**30, -(2**63) - 1)


@pytest.mark.parametrize(
    "charset", ["nonsense", "idna", "punycode", "undefined", "utf-16", "unicode_escape", "base64", "rot13", "x\0y", ""]
)
def test_any_character_set_may_be_named(client: TestClient, charset: str) -> None:
    head = f"Content-Disposition: form-data; name=file; filename*={charset}''a%ED%A0%80%C3.wav"
    body = f"--x\r\n{head}\r\n\r\nsound\r\n--x--\r\n".encode()
    answer = client.post(API, content=body, headers={"content-type": "multipart/form-data; boundary=x"})

    assert answer.status_code < 500


def test_an_unknown_character_set_of_a_request_is_refused(client: TestClient) -> None:
    for kind in ("multipart/form-data; boundary*=nonsense''x", "multipart/form-data; charset=idna; boundary=x"):
        assert client.post(API, content=b"--x--", headers={"content-type": kind}).status_code < 500


@pytest.mark.parametrize("number", HUGE)
def test_numbers_that_the_database_cannot_hold_are_refused(client: TestClient, number: int) -> None:
    path = send(client)
    for address, name in ((f"{path}/segments", "first"), (f"{path}/edits", "first"), (API, "limit"), (API, "page")):
        assert client.get(address, params={name: number}).status_code < 500, address
    body = f'{{"revision": {number}, "changes": [{{"first": {number}, "last": {number}, "pieces": []}}]}}'
    assert client.patch(f"{path}/edits", content=body, headers=JSON).status_code < 500


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff\\ud800", "\\u0000"])
def test_halves_of_characters_are_refused(client: TestClient, text: str) -> None:
    bodies = {
        "/api/v1/hotword-lists": f'{{"name": "{text}", "words": ["{text}"]}}',
        "/api/v1/batches": f'{{"name": "{text}"}}',
        f"{API}/{text}": f'{{"name": "{text}"}}',
        f"{send(client)}/again": f'{{"hotwords": "{text}"}}',
    }
    for path, body in bodies.items():
        assert client.post(path, content=body, headers=JSON).status_code < 500, path
    assert client.patch("/api/v1/settings", content=f'{{"{text}": "{text}"}}', headers=JSON).status_code < 500
    assert (
        client.patch("/api/v1/settings", content=f'{{"values": {{"{text}": "{text}"}}}}', headers=JSON).status_code
        < 500
    )


@pytest.mark.parametrize(
    "yaml", ["a: " + "[" * 5_000, "&a [*a]", "? {}\n: 1", "model: 2026-99-99", "- 1", "x: " + "9" * 5_000]
)
def test_one_broken_model_folder_hides_no_page(client: TestClient, settings: Settings, yaml: str) -> None:
    for name, file in (("one", "train.yaml"), ("two", "config.yaml"), ("three", "config.json")):
        (settings.models_dir / name).mkdir(parents=True)
        (settings.models_dir / name / file).write_text(yaml)
    try:
        for page in ("/models", "/settings", "/api/v1/models"):
            assert client.get(page).status_code == 200, page
    finally:
        for name in ("one", "two", "three"):
            shutil.rmtree(settings.models_dir / name)


@pytest.mark.parametrize(("number", "status", "code"), REFUSALS)
@pytest.mark.parametrize("kind", ["upload", "vad", "case", "replay", "journal"])
def test_every_route_names_what_the_file_system_refuses(
    client: TestClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    number: int,
    status: int,
    code: str,
) -> None:
    path = send(client)
    refuse_writing(monkeypatch, settings.data_dir, number)
    file = {"file": ("a.wav", b"sound")}
    answer = {
        "upload": lambda: client.post(API, files=file),
        "vad": lambda: client.post("/api/v1/vad", files=file),
        "case": lambda: client.get(f"{path}/case"),
        "replay": lambda: client.post("/api/v1/replay", files=file),
        "journal": lambda: client.post("/api/v1/journal/4f1c9a2b7d3e5f60", json={"browser": {}, "entries": []}),
    }[kind]()

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert left_behind(settings.data_dir) == []


def left_behind(folder: Path) -> list[Path]:
    return [*folder.glob("case-*"), *folder.rglob("*.part"), *(folder / "incoming").iterdir()]


@pytest.mark.sqlite("moves the file")
def test_an_upload_is_refused_where_the_database_was_moved(client: TestClient, settings: Settings) -> None:
    (settings.data_dir / "app.db").rename(settings.data_dir / "elsewhere.db")
    try:
        answer = client.post(API, files={"file": ("a.wav", b"sound")})
    finally:
        (settings.data_dir / "elsewhere.db").rename(settings.data_dir / "app.db")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_replaced")
    assert list((settings.data_dir / "incoming").iterdir()) == []
