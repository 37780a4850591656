"""`python -m app doctor`: a healthy installation is said to be so, and each planted fault is found and named."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.engine import EngineSpec
from app.i18n import translator
from app.paths import builtin_model_dir
from app.store.database import SCHEMA_VERSION, Database
from app.support.doctor import Check, Examination, Status, Subject, glance
from app.support.doctor.computing import devices, model_files, recognition
from app.support.doctor.places import database
from app.support.doctor.surroundings import clock, port, proxy

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = builtin_model_dir()
needs_model = pytest.mark.skipif(not (MODEL / "golden.json").is_file(), reason="needs models/builtin")


def subject(tmp_path: Path, model: Path = MODEL, **values: Any) -> Subject:
    return Subject(EngineSpec(model, "cpu"), tmp_path / "data", tmp_path / "logs", **values)


def examined(examination: Examination, tmp_path: Path, model: Path = MODEL) -> dict[str, Check]:
    return {check.id: check for check in examination(subject(tmp_path, model))}


def asked(tmp_path: Path, environment: Mapping[str, str] = {}, *options: str) -> dict[str, dict[str, str]]:
    """Return what the command line says, in an environment with something planted in it."""
    command = [sys.executable, "-m", "app", "doctor", "--json", *options]
    command += ["--data-dir", str(tmp_path / "d"), "--log-dir", str(tmp_path / "l")]
    result = subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    checks = {check["id"]: check for check in json.loads(result.stdout)["checks"]}
    assert result.returncode == any(check["status"] == "failure" for check in checks.values())
    return checks


@needs_model
def test_a_healthy_installation_passes_and_the_exit_code_says_so(tmp_path: Path) -> None:
    checks = asked(tmp_path, {}, "--device", "cpu")

    assert [id for id, check in checks.items() if check["status"] == "failure"] == []
    assert {"torch_pair", "device", "media", "port", "clock", "recognition"} < checks.keys()
    assert all(check.keys() == {"id", "status", "fact", "advice"} for check in checks.values())


@needs_model
def test_a_changed_model_file_is_named(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    with (model / "units.txt").open("a", encoding="utf-8") as units:
        units.write("more 99999\n")

    found = examined(model_files, tmp_path, model)

    assert found["model_files"].status is Status.FAILURE
    assert "units.txt" in found["model_files"].explained()["fact"]


@needs_model
def test_a_model_that_reads_its_golden_sample_wrongly_is_found(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    golden = json.loads((model / "golden.json").read_text(encoding="utf-8"))
    (model / "golden.json").write_text(json.dumps(golden | {"text": "something else"}), encoding="utf-8")

    found = examined(recognition, tmp_path, model)

    assert found["recognition"].status is Status.FAILURE
    assert "something else" in found["recognition"].explained()["fact"]


def test_a_folder_without_a_model_is_a_failure_with_the_file_that_is_missing(tmp_path: Path) -> None:
    found = examined(model_files, tmp_path, tmp_path)

    assert found["model_files"].status is Status.FAILURE
    assert "train.yaml" in found["model_files"].explained()["advice"]


def test_a_torchaudio_that_works_is_well_whatever_its_version_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_package(tmp_path, "torchaudio", "2.99.1+cu999")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)

    pair = examined(devices, tmp_path)["torch_pair"]

    assert pair.status is Status.OK
    assert pair.params["torchaudio"] == "2.99.1+cu999"


@pytest.mark.parametrize(
    ("forced_align", "status", "reason"),
    [
        (
            "raise OSError('libcudart.so.13: cannot open shared object file')",
            Status.WARNING,
            "libcudart.so.13",
        ),
        (
            "raise AttributeError('torchaudio has no attribute forced_align')",
            Status.WARNING,
            "no attribute forced_align",
        ),
        ("return targets.new_tensor([[0, 0, 1, 0, 2]]), None", Status.WARNING, "[0, 0, 1, 0, 2]"),
        ("import os; os.kill(os.getpid(), 11)", Status.FAILURE, "SIGSEGV"),
    ],
)
def test_a_torchaudio_that_does_not_work_is_tried_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forced_align: str, status: Status, reason: str
) -> None:
    (tmp_path / "torchaudio").mkdir()
    (tmp_path / "torchaudio" / "__init__.py").touch()
    source = f"def forced_align(log_probs, targets, blank):\n    {forced_align}\n"
    (tmp_path / "torchaudio" / "functional.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    found = examined(devices, tmp_path)

    assert found["torch_pair"].status is status
    assert reason in found["torch_pair"].explained()["fact"]
    assert ".venv" in found["torch_pair"].explained()["advice"]
    assert found["device"].status is Status.OK


def test_a_torch_of_another_version_than_the_program_is_made_for_is_named(tmp_path: Path) -> None:
    plant_package(tmp_path, "torch", "1.13.1")

    packages = asked(tmp_path, {"PYTHONPATH": str(tmp_path)}, "--quick")["packages"]

    assert packages["status"] == "failure"
    assert "torch 1.13.1" in packages["fact"]
    assert ".venv" in packages["advice"]


def test_a_torch_that_cannot_be_loaded_costs_only_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "raise ImportError('libcudart.so.13: cannot open shared object file')\n"
    )

    found = asked(tmp_path, {"PYTHONPATH": str(tmp_path)})

    assert found["torch"]["status"] == "failure"
    assert "libcudart.so.13" in found["torch"]["fact"]
    assert found["recognition"]["status"] == "failure"
    assert found["media"]["status"] == found["database"]["status"] == "ok"


def test_a_device_that_is_absent_is_told_with_its_reason(tmp_path: Path) -> None:
    found = asked(tmp_path, {}, "--device", "mps")

    assert found["device"]["status"] == "failure"
    assert "mps" in found["device"]["fact"]
    assert "--device auto" in found["device"]["advice"]


def test_a_folder_for_temporary_files_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("a file")

    found = asked(tmp_path, {"TMPDIR": str(tmp_path / "no folder")}, "--quick")

    assert found["temp_folder"]["status"] == "failure"
    assert "no folder" in found["temp_folder"]["fact"]
    assert "TMPDIR" in found["temp_folder"]["advice"]


def test_a_damaged_database_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/app.db").write_bytes(b"this is no database at all" * 100)

    found = examined(database, tmp_path)

    assert found["database"].status is Status.FAILURE
    assert "backup" in found["database"].explained()["advice"]


def test_a_sound_database_is_said_to_be_so_with_its_version(tmp_path: Path) -> None:
    make_database(tmp_path)

    found = examined(database, tmp_path)

    assert found["database"].status is Status.OK
    assert SCHEMA_VERSION in found["schema"].explained()["fact"]


def test_a_database_of_a_newer_program_is_a_failure(tmp_path: Path) -> None:
    make_database(tmp_path)
    with sqlite3.connect(tmp_path / "data/app.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    assert examined(database, tmp_path)["schema"].status is Status.FAILURE


def test_another_program_on_the_port_is_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        [check] = port(subject(tmp_path, port=taken))

    assert check.status is Status.WARNING
    assert str(taken) in check.explained()["fact"]


def test_a_proxy_between_this_machine_and_itself_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    [check] = proxy(subject(tmp_path))

    assert check.status is Status.WARNING
    assert "secret" not in json.dumps(check.explained())
    monkeypatch.setenv("NO_PROXY", "example.com, localhost")
    [check] = proxy(subject(tmp_path))
    assert check.status is Status.OK


def test_a_clock_that_was_set_back_is_found(tmp_path: Path) -> None:
    make_database(tmp_path)
    with sqlite3.connect(tmp_path / "data/app.db") as connection:
        plant_transcription(connection, created_at="2099-01-01 00:00:00.000000")

    [check] = clock(subject(tmp_path))

    assert check.status is Status.WARNING
    assert "2099" in check.explained()["fact"]


def test_every_line_is_told_in_chinese_too(tmp_path: Path) -> None:
    for check in glance(subject(tmp_path)):
        told = check.explained(translator("zh"))
        assert check.id in ("packages", "python") or any("一" <= letter <= "鿿" for letter in told["fact"]), (
            told
        )


def make_database(tmp_path: Path) -> None:
    made = Database(tmp_path / "data")
    made.migrate()
    made.close()


def plant_package(folder: Path, name: str, version: str) -> None:
    """Let importlib.metadata find a package of this version first; what is imported stays the real one."""
    (folder / f"{name}-{version}.dist-info").mkdir()
    (folder / f"{name}-{version}.dist-info" / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )


def plant_transcription(connection: sqlite3.Connection, created_at: str) -> None:
    columns = connection.execute("PRAGMA table_info(transcriptions)").fetchall()
    values = {
        name: {"INTEGER": 0, "FLOAT": 0.0, "BOOLEAN": 0}.get(kind, "[]")
        for _, name, kind, required, default, _ in columns
        if required and default is None
    }
    values |= {"id": "planted", "state": "failed", "created_at": created_at}
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    statement = f"INSERT INTO transcriptions ({names}) VALUES ({marks})"  # noqa: S608 - names of columns
    connection.execute(statement, tuple(values.values()))
