"""A support case replayed over REST: with the real process, whose result is the response."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.composition import engine_spec
from app.main import create_app
from app.paths import builtin_model_dir
from app.settings import Settings
from tests.waiting import wait_until
from tests.web.conftest import API
from tests.web.test_transcriptions import code_of, send

MODEL = builtin_model_dir()
REPLAY = "/api/v1/replay"
needs_model = pytest.mark.skipif(not (MODEL / "golden.json").is_file(), reason="needs models/builtin")


def start(client: TestClient, case: bytes, name: str = "case.zip", **changes: str) -> str:
    """Send a case and return the address of its replay."""
    answer = client.post(REPLAY, files={"file": (name, case)}, data=changes)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"{REPLAY}/{answer.json()['id']}"
    return str(answer.headers["location"])


def end_of(client: TestClient, address: str) -> dict[str, Any]:
    wait_until(lambda: client.get(address).json()["state"] != "running")
    told: dict[str, Any] = client.get(address).json()
    return told


def changed(case: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The zip with other files in it, and the manifest that it had."""
    with zipfile.ZipFile(io.BytesIO(case)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.fixture(name="silent_case")
def _silent_case(client: TestClient) -> bytes:
    """A case without sound."""
    return client.get(send(client) + "/case", params={"audio": "hash"}).content


@contextmanager
def at_work(folder: Path) -> Iterator[TestClient]:
    """A server with its worker and the built-in model."""
    settings = Settings(data_dir=folder, log_dir=folder / "logs", device="cpu", threads=1)
    with TestClient(
        create_app(settings, spec=engine_spec(settings)),
        base_url="http://127.0.0.1",
        headers={"accept-language": "zh"},
    ) as client:
        yield client


@needs_model
def test_a_case_of_a_job_runs_again_and_a_cure_can_be_tried(tmp_path: Path) -> None:
    golden = MODEL / json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))["audio"]
    with at_work(tmp_path) as client:
        path = client.post(API, files={"file": ("golden.flac", golden.read_bytes())}, data={"language": "zh"}).headers[
            "location"
        ]
        wait_until(lambda: client.get(path).json()["state"] not in ("queued", "running"))
        case = client.get(f"{path}/case", params={"audio": "whole"}).content

        same = end_of(client, start(client, case, "支持包.zip"))
        other = end_of(client, start(client, case, language="en", threads="2"))

    assert (same["state"], same["name"], same["error"]) == ("done", "支持包.zip", None)
    result = same["result"]
    assert (result["verdict"], result["cer"], result["differences"]) == ("reproduced", 0, [])
    assert result["segments_same"] == result["segments_compared"] > 0
    assert result["segments"] == []

    result = other["result"]
    assert result["verdict"] == "not_reproduced"
    assert {each["name"]: each["here"] for each in result["differences"]} == {
        "language": "en",
        "threads": "2",
    }
    assert "语言" in {each["label"] for each in result["differences"]}
    assert any(part["kind"] != "equal" for part in result["segments"][0]["diff"])
    assert list((tmp_path / "replays").iterdir()) == []


def test_a_case_without_sound_cannot_be_compared_and_it_says_why(client: TestClient, silent_case: bytes) -> None:
    told = end_of(client, start(client, silent_case))

    assert (told["state"], told["result"]["verdict"]) == ("done", "not_comparable")
    assert told["result"]["reason"] == "The case has no sound."


def test_a_case_that_was_changed_is_refused_by_its_own_name(client: TestClient, silent_case: bytes) -> None:
    def forge(files: dict[str, bytes]) -> None:
        files["job.json"] = files["job.json"].replace(b"queued", b"failed")

    told = end_of(client, start(client, changed(silent_case, forge), "of alice.zip"))

    assert (told["state"], told["result"]) == ("failed", None)
    assert told["error"]["code"] == "case_damaged"
    assert "of alice.zip" in told["error"]["message"]
    assert "job.json" in told["error"]["message"]


@pytest.mark.parametrize("content", [b"no zip at all", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_case_is_told(client: TestClient, content: bytes) -> None:
    assert end_of(client, start(client, content))["error"]["code"] == "case_unreadable"


def test_a_zip_that_unpacks_to_far_more_than_itself_is_not_unpacked(client: TestClient, silent_case: bytes) -> None:
    def swell(files: dict[str, bytes]) -> None:
        files["audio/whole.flac"] = bytes(260 * 2**20)

    told = end_of(client, start(client, changed(silent_case, swell)))

    assert told["error"]["code"] == "case_unreadable"
    assert "far more" in told["error"]["message"]


def test_only_one_case_runs_at_a_time_and_it_can_be_stopped(
    client: TestClient, settings: Settings, silent_case: bytes
) -> None:
    address = start(client, silent_case)
    second = client.post(REPLAY, files={"file": ("case.zip", silent_case)})
    assert client.delete(address).status_code == 204

    assert code_of(second) == (409, "replay_busy")
    assert code_of(client.get(address)) == (404, "replay_not_found")
    wait_until(lambda: not list((settings.data_dir / "replays").iterdir()))
    wait_until(lambda: client.post(REPLAY, files={"file": ("case.zip", silent_case)}).status_code == 202)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("device", "toaster", "invalid_parameter"),
        ("language", "klingon", "unknown_language"),
        ("itn", "perhaps", "invalid_parameter"),
        ("model", "/etc", "invalid_parameter"),
        ("threads", "many", "invalid_parameter"),
    ],
)
def test_a_change_that_cannot_be_is_refused_before_anything_runs(
    client: TestClient, settings: Settings, field: str, value: str, code: str
) -> None:
    answer = client.post(REPLAY, files={"file": ("case.zip", b"PK")}, data={field: value})

    assert code_of(answer) == (422, code)
    folder = settings.data_dir / "replays"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_case_over_the_limit_is_refused_and_nothing_of_it_stays(client: TestClient, settings: Settings) -> None:
    answer = client.post(REPLAY, files={"file": ("case.zip", bytes(2**20 + 1))})

    assert code_of(answer) == (413, "upload_too_large")
    assert list((settings.data_dir / "replays").iterdir()) == []


def test_without_a_file_there_is_nothing_to_run(client: TestClient) -> None:
    assert code_of(client.post(REPLAY, files={"file": ("", b"")})) == (422, "no_file")
