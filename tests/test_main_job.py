"""The main job as a user runs it: `python -m app serve`, a recording in, the right text out, with the built-in model.

The golden sample is read through the API by the server's own worker and by a worker of its own.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.composition import open_models
from app.errors import ModelBuiltIn
from app.paths import builtin_model_dir, large_model_dir
from app.settings import Settings
from tests.conftest import REPOSITORY
from tests.waiting import wait_until

MODEL = builtin_model_dir()
PATIENCE_SECONDS = 120

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(
        not (MODEL / "golden.json").is_file(), reason="needs the built-in model in models/builtin"
    ),
]


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command of the program, ended with SIGTERM."""
    command = [sys.executable, "-m", "app", *map(str, arguments)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def address(server: subprocess.Popen[str]) -> str:
    """What the server printed."""
    assert server.stdout is not None
    for line in server.stdout:
        if match := re.search(r"http://\S+", line):
            return match[0]
    pytest.fail("the server ended without printing its address")


def upload(client: httpx.Client) -> dict[str, Any]:
    described = json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))
    with (MODEL / described["audio"]).open("rb") as audio:
        answer = client.post(
            "/api/v1/transcriptions", files={"file": ("会议.wav", audio)}, data={"itn": "false"}
        )
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def ended(client: httpx.Client, id: str) -> dict[str, Any]:
    def job() -> dict[str, Any]:
        return dict(client.get(f"/api/v1/transcriptions/{id}").json())

    wait_until(lambda: job()["state"] not in ("queued", "running"), lambda: f"still {job()['state']}")
    return job()


def letters(text: str) -> str:
    return "".join(text.split())


def golden_text() -> str:
    return str(json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))["text"])


def test_the_golden_sample_comes_out_right_through_the_server(tmp_path: Path) -> None:
    folders = ("--data-dir", tmp_path / "data", "--log-dir", tmp_path / "logs")
    with (
        running("serve", "--port", "0", *folders) as server,
        httpx.Client(base_url=address(server)) as client,
    ):
        job = ended(client, upload(client)["id"])
        exported = client.get(f"/api/v1/transcriptions/{job['id']}/export", params={"format": "txt"})
        system = client.get("/api/v1/system").json()

    assert job["state"] == "succeeded", job["error"]
    assert letters(job["text_raw"]) == letters(golden_text())
    assert letters(exported.text) == letters(job["text"])
    assert job["model"] == system["model"]["name"] == "builtin"
    assert {line["name"] for line in job["receipt"]} >= {"device", "language", "hotwords", "itn"}
    log = (tmp_path / "logs" / "app.log").read_text(encoding="utf-8")
    assert log.count("segment_finished") == job["progress"]["segments_total"]
    assert golden_text()[:4] not in log


def test_a_worker_alone_does_the_jobs_of_a_server_without_one(tmp_path: Path) -> None:
    folders = ("--data-dir", tmp_path / "data", "--log-dir", tmp_path / "logs")
    with (
        running("serve", "--no-worker", "--port", "0", *folders) as server,
        httpx.Client(base_url=address(server)) as client,
    ):
        job = upload(client)
        with running("worker", *folders):
            done = ended(client, job["id"])

    assert letters(done["text_raw"]) == letters(golden_text())


needs_large_model = pytest.mark.skipif(large_model_dir() is None, reason="needs models/builtin-large")


@needs_large_model
def test_until_somebody_chooses_the_large_built_in_model_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FUNASR_DEFAULT_MODEL")
    model = large_model_dir()
    assert model

    done = subprocess.run(
        [sys.executable, "-m", "app", "transcribe", str(model / "golden.flac"), "--format", "json"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )

    told = json.loads(done.stdout)
    assert told["text"] == "Could you please check the contract tomorrow morning?"
    assert (told["model"], told["segments"][0]["language"]) == ("builtin-large", "en")
    assert len(told["segments"][0]["words"]) == 8


@needs_large_model
def test_a_choice_and_the_administrators_default_win_over_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FUNASR_DEFAULT_MODEL")
    settings = Settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models")
    by_itself = open_models(settings).folder_in_use()
    default = open_models(settings.model_copy(update={"default_model": "builtin"})).folder_in_use()
    open_models(settings).use("builtin")

    assert (by_itself, default) == (large_model_dir(), builtin_model_dir())
    assert open_models(settings).folder_in_use() == builtin_model_dir()


@needs_large_model
def test_both_built_in_models_are_listed_and_neither_can_be_removed(tmp_path: Path) -> None:
    models = open_models(Settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models"))

    listed = [(entry.name, entry.is_builtin, entry.is_here) for entry in models.entries()][:2]

    assert listed == [("builtin-large", True, True), ("builtin", True, True)]
    with pytest.raises(ModelBuiltIn):
        models.remove("builtin-large")
