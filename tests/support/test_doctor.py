"""`python -m app doctor`: a healthy installation is said to be so, and each planted fault is found and named."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from app.engine import EngineSpec
from app.i18n import translator
from app.paths import builtin_model_dir
from app.store.database import SCHEMA_VERSION, Database
from app.support.doctor import Check, Examination, Status, Subject, _made, glance
from app.support.doctor.computing import devices, driver, model_files, recognition
from app.support.doctor.packages import packages, python_check
from app.support.doctor.places import database, disk_check, folders, room, temp_folder
from app.support.doctor.surroundings import (
    DECODERS,
    WRITTEN,
    clock,
    clock_check,
    decoders,
    network,
    port,
    proxy,
)

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


def test_a_server_that_other_machines_reach_is_told(tmp_path: Path) -> None:
    def found(host: str) -> tuple[str, str]:
        [check] = network(subject(tmp_path, host=host))
        return str(check.status), check.explained()["fact"]

    assert found("127.0.0.1")[0] == "ok"
    assert found("::1")[0] == "ok"
    status, fact = found("0.0.0.0")  # noqa: S104
    assert status in ("warning", "note")
    assert "no login" in fact


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


@pytest.mark.parametrize("version", ["1.13.1", "99.0"])
def test_a_version_that_was_not_tested_is_a_note_and_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    plant_package(tmp_path, "torch", version)
    monkeypatch.syspath_prepend(tmp_path)

    found = examined(packages, tmp_path)

    assert found["packages_untested"].status is Status.NOTE
    assert f"torch {version}" in found["packages_untested"].explained()["fact"]
    assert ".venv" in found["packages_untested"].explained()["advice"]
    assert found["packages"].status is Status.OK


@pytest.mark.parametrize(
    ("needed", "status"),
    [("numpy", Status.OK), ("yaml", Status.OK), ("no-such-package", Status.FAILURE)],  # yaml is only a module
)
def test_a_package_is_missing_where_nothing_can_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed: str, status: Status
) -> None:
    plant_package(tmp_path, "funasr-webui", "9.0", needs=needed)
    monkeypatch.syspath_prepend(tmp_path)

    found = examined(packages, tmp_path)["packages"]

    assert found.status is status
    assert ("not installed" in found.explained()["fact"]) == (status is Status.FAILURE)


@pytest.mark.parametrize(
    ("version", "status"),
    [((3, 10), Status.FAILURE), ((3, 11), Status.OK), ((3, 13), Status.OK), ((3, 14), Status.NOTE)],
)
def test_only_a_python_that_is_too_old_is_a_failure(version: tuple[int, int], status: Status) -> None:
    assert python_check(version).status is status


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
    found = asked(tmp_path, {}, "--device", "cuda:97")

    assert found["device"]["status"] == "failure"
    assert "cuda:97" in found["device"]["fact"]
    assert "--device auto" in found["device"]["advice"]


@pytest.mark.parametrize(
    ("is_file", "status"), [(False, "ok"), (True, "failure")], ids=["a folder", "a file in its place"]
)
def test_folders_are_tried_by_writing(tmp_path: Path, is_file: bool, status: str) -> None:
    (tmp_path / "data").touch() if is_file else (tmp_path / "data").mkdir()
    before = sorted(tmp_path.rglob("*"))

    found = examined(folders, tmp_path)

    assert found["data_folder"].status == status
    assert found["log_folder"].status is Status.OK  # it is not there, and can be made
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["a file", "nowhere"])
def test_a_tmpdir_that_cannot_be_written_is_told_with_what_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("TMPDIR", str(tmp_path / name))

    check = examined(temp_folder, tmp_path)["temp_folder"]

    assert check.status is Status.WARNING
    assert name in check.explained()["fact"]
    assert tempfile.gettempdir() in check.explained()["fact"]
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert examined(temp_folder, tmp_path)["temp_folder"].status is Status.OK


def test_no_folder_for_temporary_files_at_all_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a file"))

    check = examined(temp_folder, tmp_path)["temp_folder"]

    assert check.status is Status.FAILURE
    assert "TMPDIR" in check.explained()["advice"]


@pytest.mark.parametrize(
    ("free_mb", "status"), [(5000, Status.OK), (1500, Status.WARNING), (100, Status.FAILURE)]
)
def test_little_room_is_told_before_there_is_none(free_mb: int, status: Status) -> None:
    assert room(free_mb).status is status


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system without a size")
def test_a_file_system_that_does_not_say_what_is_free_is_no_fault() -> None:
    assert disk_check(Path("/proc")).status is Status.NOTE


@pytest.mark.parametrize(
    ("reason", "nodes", "visible", "status"),
    [
        ("", ("nvidia0", "nvidiactl"), None, Status.OK),
        ("the driver is too old", ("nvidia0", "nvidiactl"), None, Status.WARNING),
        ("no CUDA device was found", (), None, None),  # a container without the card of its host
        ("no CUDA device was found", ("nvidia0",), "", None),  # somebody took the card away
    ],
)
def test_a_driver_is_told_only_where_there_is_a_card(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
    nodes: tuple[str, ...],
    visible: str | None,
    status: Status | None,
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    (tmp_path / "version").write_text("NVRM version: 580.1\nGCC version\n")
    for node in nodes:
        (tmp_path / node).touch()

    found = list(driver([{"name": "cuda", "reason": reason}], tmp_path / "version", tmp_path))

    assert [check.status for check in found] == ([] if status is None else [status])
    assert all("580.1" in check.explained()["fact"] for check in found)


@pytest.mark.parametrize(
    ("absent", "status"), [((), Status.OK), (("wmav2",), Status.WARNING)], ids=["all", "without WMA"]
)
def test_a_decoder_that_is_absent_costs_only_its_recordings(absent: tuple[str, ...], status: Status) -> None:
    check = decoders("libavcodec 62", set(DECODERS) - set(absent))

    assert check.status is status
    assert all(name in check.explained()["fact"] for name in absent)


def test_what_cannot_be_looked_at_costs_only_its_own_line(tmp_path: Path) -> None:
    [check] = _made(port, subject(tmp_path, host="no\0host", port=1))

    assert (check.id, check.status) == ("port", Status.WARNING)
    assert "null" in check.explained()["fact"]


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


def test_a_port_is_tried_and_named_where_it_cannot_be_had(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as listener:  # it knows no GET
        Thread(target=listener.serve_forever, daemon=True).start()
        taken = listener.server_port
        [other] = port(subject(tmp_path, port=taken))
        listener.shutdown()
    [free] = port(subject(tmp_path, port=taken))
    [strange] = port(subject(tmp_path, host="203.0.113.7", port=taken))

    assert (other.status, free.status, strange.status) == (Status.WARNING, Status.OK, Status.WARNING)
    assert "Another program" in other.explained()["fact"]
    assert str(taken) in other.explained()["fact"]
    assert "203.0.113.7" in strange.explained()["fact"]


@pytest.mark.parametrize(
    ("variables", "status"),
    [
        ({}, Status.OK),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, Status.OK),  # this server speaks HTTP
        ({"HTTP_PROXY": "http://user:secret@proxy.example:3128"}, Status.NOTE),
        ({"all_proxy": "http://proxy.example:3128", "no_proxy": "example.com"}, Status.NOTE),
        ({"HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": "example.com, localhost"}, Status.OK),
        ({"HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": "127.0.0.0/8"}, Status.OK),
        ({"http_proxy": "http://proxy.example:3128", "no_proxy": "127.0.0.1:7860"}, Status.OK),
        ({"HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": "*"}, Status.OK),
    ],
)
def test_a_proxy_between_this_machine_and_itself_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], status: Status
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    [check] = proxy(subject(tmp_path))

    assert check.status is status
    assert "secret" not in json.dumps(check.explained())


def test_a_clock_that_was_set_back_is_found(tmp_path: Path) -> None:
    make_database(tmp_path)
    [right] = clock(subject(tmp_path))
    with sqlite3.connect(tmp_path / "data/app.db") as connection:
        plant_transcription(connection, created_at="2099-01-01 00:00:00.000000")

    [check] = clock(subject(tmp_path))

    assert right.status is Status.OK
    assert check.status is Status.WARNING
    assert "2099" in check.explained()["fact"]


def test_a_clock_that_nobody_has_set_is_found() -> None:
    assert clock_check(datetime(1970, 1, 1, 0, 5, tzinfo=UTC), WRITTEN).status is Status.WARNING


def test_the_key_of_a_fact_changes_with_the_fact_alone() -> None:
    assert room(100).key == room(150).key
    assert room(1000).key != room(1001).key
    assert room(100).key != room(1000).key


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


def plant_package(folder: Path, name: str, version: str, needs: str = "") -> None:
    """Let importlib.metadata find a package of this version first; what is imported stays the real one."""
    notes = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    notes.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (notes / "METADATA").write_text("\n".join([*lines, *([f"Requires-Dist: {needs}"] if needs else []), ""]))


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
