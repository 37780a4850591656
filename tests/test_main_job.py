"""The main job as a user runs it: `python -m app serve`, a recording in, the right text out, with the built-in model.

The golden sample is transcribed through the API by the server's own worker and by a separate worker.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from app.composition import open_models
from app.domain.errors.models import ModelBuiltIn
from app.paths import builtin_model_dir, large_model_dir
from app.settings import Settings
from tests.program import Program, ended, letters, upload

MODEL = builtin_model_dir()

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(not (MODEL / "golden.json").is_file(), reason="needs the built-in model in models/builtin"),
]


def golden_text() -> str:
    return str(json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))["text"])


def golden_audio(folder: Path) -> Path:
    """Return the golden sample under a Chinese name."""
    described = json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))
    return Path(shutil.copy(MODEL / described["audio"], folder / "会议.flac"))


def test_the_golden_sample_comes_out_right_through_the_server(tmp_path: Path) -> None:
    folders = ("--data-dir", tmp_path / "data", "--log-dir", tmp_path / "logs")
    with Program().serving(*folders) as client:
        job = ended(client, upload(client, golden_audio(tmp_path))["id"])
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
    with Program().serving("--no-worker", *folders) as client:
        job = upload(client, golden_audio(tmp_path))
        with Program().running("worker", *folders):
            done = ended(client, job["id"])

    assert letters(done["text_raw"]) == letters(golden_text())


needs_large_model = pytest.mark.skipif(large_model_dir() is None, reason="needs models/builtin-large")


@needs_large_model
def test_until_somebody_chooses_the_large_built_in_model_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FUNASR_DEFAULT_MODEL")
    model = large_model_dir()
    assert model

    done = Program().run("transcribe", model / "golden.flac", "--format", "json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["text"] == "Could you please check the contract tomorrow morning?"
    assert (told["model"], told["segments"][0]["language"]) == ("builtin-large", "en")
    assert len(told["segments"][0]["words"]) == 8


@needs_large_model
def test_a_choice_and_the_administrators_default_win_over_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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
