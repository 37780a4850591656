"""One recording transcribed by several models: durable, differences marked, errors counted, failures isolated."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.main import create_app
from app.settings import Settings
from tests.conftest import data_folder
from tests.engine.sounds import sentence, wav_bytes
from tests.engine.tiny_model import build_tiny_model
from tests.waiting import wait_until
from tests.web.conftest import API

COMPARISONS = "/api/v1/comparisons"


@pytest.fixture(name="wav", scope="module")
def _wav() -> bytes:
    return wav_bytes(sentence())


def build_models(folder: Path) -> Path:
    for name in ("first", "second", "broken"):
        build_tiny_model(folder / name)
    return folder


@contextmanager
def serving(
    settings: Settings, models_dir: Path, engine: str = "NamedEngine", *, start_worker: bool = True
) -> Iterator[TestClient]:
    """The application with the real queue, worker and processes that infer."""
    settings = settings.model_copy(update={"models_dir": models_dir})
    spec = EngineSpec(models_dir / "first", factory=f"tests.fakes:{engine}")
    app = create_app(settings, spec=spec, start_worker=start_worker)
    with TestClient(app, base_url="http://127.0.0.1", headers={"accept-language": "en"}) as client:
        yield client


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[TestClient]:
    """One server for the tests that only read what they have made."""
    folder = tmp_path_factory.mktemp("comparisons")
    settings = Settings(data_dir=data_folder(folder / "data", empty), log_dir=folder / "logs")
    with serving(settings, build_models(folder / "models")) as client:
        yield client


@pytest.fixture(name="models_dir")
def _models_dir(tmp_path: Path) -> Path:
    return build_models(tmp_path / "models")


@pytest.fixture(name="compared", scope="module")
def _compared(server: TestClient, wav: bytes) -> dict[str, Any]:
    """A comparison that has ended, with a reference."""
    reference = "This is second."
    return ended(server, begin(server, ["first", "second"], wav, reference=reference)["id"])


def begin(client: TestClient, models: list[str], wav: bytes | None = None, **fields: str) -> dict[str, Any]:
    told = {"variants": json.dumps([{"model": model} for model in models]), **fields}
    parts: dict[str, Any] = {name: (None, value) for name, value in told.items()}
    answer = client.post(COMPARISONS, files=parts | ({"file": ("fox.wav", wav)} if wav else {}))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def ended(client: TestClient, id: str) -> dict[str, Any]:
    def now() -> dict[str, Any]:
        return dict(client.get(f"{COMPARISONS}/{id}").json())

    wait_until(lambda: now()["has_ended"], lambda: f"did not end: {now()}")
    return now()


def texts(comparison: dict[str, Any], reading: int) -> str:
    cells = [segment["readings"][reading] for segment in comparison["segments"]]
    return "".join(piece["text"] for cell in cells for piece in cell["pieces"] if piece["kind"] != "missing")


def test_each_model_reads_the_recording_in_a_process_of_its_own(compared: dict[str, Any]) -> None:
    first, second = compared["readings"]

    assert [(r["model"], r["state"]) for r in (first, second)] == [
        ("first", "succeeded"),
        ("second", "succeeded"),
    ]
    assert texts(compared, 0).startswith("This is first.")
    assert texts(compared, 1).startswith("This is second.")
    assert min(first["memory_bytes"], second["memory_bytes"]) > 10_000_000
    assert min(first["real_time_factor"], second["real_time_factor"]) > 0


def test_errors_are_counted_and_the_best_is_named(compared: dict[str, Any]) -> None:
    first, second = compared["readings"]

    assert second["errors"] == {"rate": 0.0, "kind": "wer", "wrong": 0, "total": 3}
    assert first["errors"]["wrong"] == 1
    assert compared["best"] == second["transcription"]


def test_the_reference_may_be_taken_back_and_told_again(server: TestClient, compared: dict[str, Any]) -> None:
    address = f"{COMPARISONS}/{compared['id']}/reference"

    silent = server.put(address, json={"reference": ""}).json()
    told = server.put(address, json={"reference": "This is first."}).json()

    assert (silent["best"], silent["readings"][0]["errors"], silent["is_laid_out"]) == (None, None, False)
    cells = silent["segments"][0]["readings"]
    assert [piece["kind"] for piece in cells[0]["pieces"]] == ["same"]
    assert {"text": "second", "kind": "other"} in cells[1]["pieces"]
    assert told["best"] == told["readings"][0]["transcription"]
    assert told["is_laid_out"]
    assert told["segments"][0]["reference"] == "This is first."


def test_a_model_that_does_not_load_fails_alone(server: TestClient, wav: bytes) -> None:
    found = ended(server, begin(server, ["broken", "second"], wav)["id"])

    assert [r["state"] for r in found["readings"]] == ["failed", "succeeded"]
    assert "final.pt" in found["readings"][0]["error"]["message"]
    assert texts(found, 1).startswith("This is second.")


def test_a_transcript_that_was_put_right_is_the_reference(server: TestClient, wav: bytes) -> None:
    id = server.post(API, files={"file": ("fox.wav", wav)}).json()["id"]
    wait_until(lambda: server.get(f"{API}/{id}").json()["state"] == "succeeded")
    count = len(server.get(f"{API}/{id}").json()["segments"])
    change = {"first": 0, "last": count - 1, "pieces": [{"text": "This was second."}]}
    edited = server.patch(f"{API}/{id}/edits", json={"revision": 0, "changes": [change]})
    assert edited.status_code == 200, edited.text

    found = ended(server, begin(server, ["first", "second"], transcription=id)["id"])

    assert found["reference"] == "This was second."
    assert [r["errors"]["total"] for r in found["readings"]] == [3, 3]
    assert server.get(f"{API}/{found['readings'][0]['transcription']}").json()["again_of"] == id


def test_a_comparison_is_listed_and_goes_with_its_transcriptions(server: TestClient, wav: bytes) -> None:
    id = begin(server, ["first", "second"], wav)["id"]
    total = server.get(API).json()["total"]
    assert server.get(COMPARISONS).json()["items"][0]["id"] == id

    assert server.delete(f"{COMPARISONS}/{id}").status_code == 204

    assert id not in [item["id"] for item in server.get(COMPARISONS).json()["items"]]
    assert server.get(f"{COMPARISONS}/{id}").json()["error"]["code"] == "comparison_not_found"
    assert server.get(API).json()["total"] == total - 2


def test_other_recordings_go_on_and_readings_are_cancelled_together(
    settings: Settings, models_dir: Path, wav: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app")
    with serving(settings, models_dir, "WaitingNamedEngine") as client:
        id = begin(client, ["first", "second"], wav)["id"]
        other = client.post(API, files={"file": ("other.wav", wav)}).json()["id"]

        def states() -> list[str]:
            readings = client.get(f"{COMPARISONS}/{id}").json()["readings"]
            return [*(reading["state"] for reading in readings), client.get(f"{API}/{other}").json()["state"]]

        wait_until(lambda: states() == ["running", "queued", "running"], lambda: str(states()))
        client.post(f"{COMPARISONS}/{id}/cancel")
        wait_until(lambda: {"segments_withdrawn", "job_cancelled"} & set(caplog.messages))  # the worker has heard of it
        (models_dir / "go").touch()

        assert [r["state"] for r in ended(client, id)["readings"]] == ["cancelled", "cancelled"]


def test_it_goes_on_after_a_restart_of_the_server(settings: Settings, models_dir: Path, wav: bytes) -> None:
    with serving(settings, models_dir, start_worker=False) as client:
        id = begin(client, ["first", "second"], wav)["id"]

    with serving(settings, models_dir) as client:
        found = ended(client, id)

    assert [r["state"] for r in found["readings"]] == ["succeeded", "succeeded"]


@pytest.mark.parametrize(
    ("variants", "code"),
    [
        ("", "invalid_parameter"),
        ("{}", "invalid_parameter"),
        ('[{"model": "first"}]', "invalid_parameter"),
        ('[{"model": "first"}, {"model": "first"}]', "invalid_parameter"),
        ('[{"model": "first"}, {"model": "no-such"}]', "model_unknown"),
        ('[{"model": "first"}, {"model": "whisper-base"}]', "model_absent"),
        ('[{"model": "first"}, {"model": "second", "quality": "best"}]', "invalid_parameter"),
        ('[{"model": "first"}, {"model": "second", "language": "xx"}]', "unknown_language"),
        ('[{"model": "first"}, {"model": "../first"}]', "model_unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    server: TestClient, wav: bytes, variants: str, code: str
) -> None:
    total = server.get(API).json()["total"]

    answer = server.post(COMPARISONS, data={"variants": variants}, files={"file": ("fox.wav", wav)})

    assert (answer.json()["error"]["code"], answer.status_code >= 400) == (code, True)
    assert server.get(API).json()["total"] == total


def test_without_a_recording_nothing_is_compared(server: TestClient) -> None:
    variants = '[{"model": "first"}, {"model": "second"}]'

    answer = server.post(COMPARISONS, data={"variants": variants, "reference": "x"}, files={"file": ("", b"")})

    assert answer.json()["error"]["code"] == "no_file"
