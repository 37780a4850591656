"""`python -m app doctor`: a healthy installation is said to be so, and each planted fault is found."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from app.engine import EngineSpec
from app.paths import builtin_model_dir
from app.support.doctor import Check, Status, Subject, examine
from tests.commands.test_transcribe import run

MODEL = builtin_model_dir()
needs_model = pytest.mark.skipif(not (MODEL / "golden.json").is_file(), reason="needs models/builtin")


def examined(tmp_path: Path, model: Path) -> dict[str, Check]:
    subject = Subject(EngineSpec(model, "cpu"), tmp_path / "data", tmp_path / "logs")
    return {check.id: check for check in examine(subject)}


@needs_model
def test_a_healthy_installation_passes_and_the_exit_code_says_so(tmp_path: Path) -> None:
    result = run(
        "doctor", "--json", "--device", "cpu", "--data-dir", tmp_path / "d", "--log-dir", tmp_path / "l"
    )

    assert result.returncode == 0, result.stdout
    checks = {check["id"]: check for check in json.loads(result.stdout)["checks"]}
    assert checks["recognition"]["status"] == "ok"
    assert all(check.keys() == {"id", "status", "fact", "advice"} for check in checks.values())


@needs_model
def test_a_changed_model_file_is_named(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    with (model / "units.txt").open("a", encoding="utf-8") as units:
        units.write("more 99999\n")

    found = examined(tmp_path, model)

    assert found["model_files"].status is Status.FAILURE
    assert "units.txt" in found["model_files"].fact


@needs_model
def test_a_model_that_reads_its_golden_sample_wrongly_is_found(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    golden = json.loads((model / "golden.json").read_text(encoding="utf-8"))
    (model / "golden.json").write_text(json.dumps(golden | {"text": "something else"}), encoding="utf-8")

    found = examined(tmp_path, model)

    assert found["recognition"].status is Status.FAILURE
    assert "something else" in found["recognition"].fact


def test_a_folder_without_a_model_is_a_failure_with_the_file_that_is_missing(tmp_path: Path) -> None:
    found = examined(tmp_path, tmp_path)

    assert found["model_files"].status is Status.FAILURE
    assert "train.yaml" in found["model_files"].advice
    assert found["recognition"].status is Status.FAILURE


def test_a_damaged_database_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/app.db").write_bytes(b"this is no database at all" * 100)

    found = examined(tmp_path, tmp_path)

    assert found["database"].status is Status.FAILURE
    assert "backup" in found["database"].advice


def test_a_sound_database_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with sqlite3.connect(tmp_path / "data/app.db") as connection:
        connection.execute("CREATE TABLE t (x)")

    assert examined(tmp_path, tmp_path)["database"].status is Status.OK
