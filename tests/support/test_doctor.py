"""`python -m app doctor`: a healthy installation is reported as such, and each planted fault is found and named."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from app import PROGRAM
from app.engine import EngineSpec
from app.engine.preparation.sandbox import SandboxSupport
from app.hubs.checksums import CHECKSUMS_NAME
from app.i18n import translator
from app.paths import builtin_model_dir
from app.services.inference import devices as looks
from app.services.inference.devices import probe_devices
from app.store.files.recordings import ORPHANS_FOLDER
from app.store.migration import SCHEMA_VERSION
from app.support.doctor import Check, Examination, Status, Subject, _made, glance
from app.support.doctor.computing import (
    device_check,
    devices,
    driver,
    golden_check,
    model_files,
    recognition,
    torch_pair,
)
from app.support.doctor.environment import (
    DECODERS,
    WRITTEN,
    clock,
    clock_check,
    decoders,
    media,
    network,
    port,
    proxy,
    sandbox_check,
)
from app.support.doctor.packages import packages, python_check
from app.support.doctor.places import database, disk_check, folders, orphans, room, temp_folder
from app.support.selftest import SelfTest
from tests.conftest import data_folder
from tests.program import Program

MODEL = builtin_model_dir()
needs_model = pytest.mark.skipif(not (MODEL / "golden.json").is_file(), reason="needs models/builtin")


def subject(tmp_path: Path, model: Path = MODEL, spec: EngineSpec | None = None, **values: Any) -> Subject:
    return Subject(spec or EngineSpec(model, "cpu"), tmp_path / "data", tmp_path / "logs", **values)


def examined(examination: Examination, tmp_path: Path, model: Path = MODEL) -> dict[str, Check]:
    return {check.id: check for check in examination(subject(tmp_path, model))}


def asked(tmp_path: Path, environment: Mapping[str, str] = {}, *options: str) -> dict[str, dict[str, str]]:
    """Return what the command line says, in an environment with something planted in it."""
    folders = ("--data-dir", tmp_path / "d", "--log-dir", tmp_path / "l")
    result = Program(variables=os.environ | environment).run("doctor", "--json", *options, *folders)
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


@pytest.mark.parametrize(("has_checksums", "told"), [(True, "every file matches"), (False, "no checksums")])
@needs_model
def test_a_whole_model_folder_is_said_to_be_so(tmp_path: Path, has_checksums: bool, told: str) -> None:
    model = shutil.copytree(MODEL, tmp_path / "model")
    if not has_checksums:
        (model / CHECKSUMS_NAME).unlink()

    found = examined(model_files, tmp_path, model)["model_files"]

    assert found.status is Status.OK
    assert told in found.explained()["fact"]


@needs_model
def test_a_model_that_reads_its_golden_sample_wrongly_is_found(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    golden = json.loads((model / "golden.json").read_text(encoding="utf-8"))
    (model / "golden.json").write_text(json.dumps(golden | {"text": "something else"}), encoding="utf-8")

    found = examined(recognition, tmp_path, model)

    assert found["recognition"].status is Status.FAILURE
    assert "something else" in found["recognition"].explained()["fact"]


@pytest.mark.parametrize(
    ("text", "expected", "status"),
    [
        ("One, two.", "one two", Status.OK),
        ("one too", "one two", Status.FAILURE),
        ("", None, Status.WARNING),  # a folder without a golden sample
    ],
)
def test_a_golden_sample_is_compared_letter_by_letter(text: str, expected: str | None, status: Status) -> None:
    assert golden_check(SelfTest("cpu", "float32", 1.0, text, expected, 0.1)).status is status


@pytest.mark.parametrize(
    ("host", "is_container", "status"),
    [
        ("127.0.0.1", False, Status.OK),
        ("::1", False, Status.OK),
        ("0.0.0.0", False, Status.FAILURE),  # noqa: S104
        ("0.0.0.0", True, Status.NOTE),  # noqa: S104 - the published ports decide
    ],
)
def test_a_server_that_other_machines_reach_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, is_container: bool, status: Status
) -> None:
    mark = tmp_path / ".dockerenv"
    monkeypatch.setattr("app.support.doctor.environment.CONTAINER_MARKS", (str(mark),))
    if is_container:
        mark.touch()

    [check] = network(subject(tmp_path, host=host, needs_login=False))

    assert check.status is status
    assert ("without a login" in check.explained()["fact"]) == (status is not Status.OK)


def test_a_server_with_a_login_may_be_reached_by_other_machines(tmp_path: Path) -> None:
    [check] = network(subject(tmp_path, host="0.0.0.0"))  # noqa: S104

    assert check.status is Status.OK


def test_a_folder_without_a_model_is_a_failure_naming_the_missing_file(tmp_path: Path) -> None:
    found = examined(model_files, tmp_path, tmp_path)

    assert found["model_files"].status is Status.FAILURE
    assert "train.yaml" in found["model_files"].explained()["advice"]


def test_a_torchaudio_that_works_is_well_whatever_its_version_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_package(tmp_path, "torchaudio", "2.99.1+cu999")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)

    pair = torch_pair("2.0")

    assert pair.status is Status.OK
    assert pair.params["torchaudio"] == "2.99.1+cu999"


def test_a_torchaudio_that_does_not_work_is_tried_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_module(tmp_path, "torchaudio", "raise OSError('libcudart.so.13: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    pair = torch_pair("2.0")

    assert pair.status is Status.WARNING  # the engine searches by itself then
    assert "libcudart.so.13" in pair.explained()["fact"]
    assert ".venv" in pair.explained()["advice"]


def test_a_pair_that_crashes_is_a_failure_with_the_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_module(tmp_path, "torch", "import os; os.kill(os.getpid(), 11)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    [torch], pair = devices(subject(tmp_path)), torch_pair("2.0")

    assert (torch.id, torch.status, pair.status) == ("torch", Status.FAILURE, Status.FAILURE)
    assert all("SIGSEGV" in check.explained()["fact"] for check in (torch, pair))


def test_a_driver_that_hangs_ends_the_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_module(tmp_path, "torch", "import time; time.sleep(3600)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.2)

    [torch], pair = devices(subject(tmp_path)), torch_pair("2.0")

    assert (torch.status, pair.status) == (Status.FAILURE, Status.FAILURE)
    assert all("no answer" in check.explained()["fact"] for check in (torch, pair))


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


def test_a_package_that_comes_while_the_program_runs_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    assert "torch 99.0" not in str(examined(packages, tmp_path))

    plant_package(tmp_path, "torch", "99.0")

    assert "torch 99.0" in examined(packages, tmp_path)["packages"].explained()["fact"]


@pytest.mark.parametrize(
    ("needed", "status"),
    [("numpy", Status.OK), ("yaml", Status.OK), ("no-such-package", Status.FAILURE)],  # yaml is only a module
)
def test_a_package_is_missing_where_nothing_can_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed: str, status: Status
) -> None:
    plant_package(tmp_path, "funasr-webui", "9.0", needs=needed)
    monkeypatch.syspath_prepend(tmp_path)

    found = examined(packages, tmp_path)

    assert found["packages"].status is status
    assert ("not installed" in found["packages"].explained()["fact"]) == (status is Status.FAILURE)
    assert "packages_untested" not in found


@pytest.mark.parametrize(
    ("version", "status"),
    [((3, 10), Status.FAILURE), ((3, 11), Status.OK), ((3, 13), Status.OK), ((3, 14), Status.NOTE)],
)
def test_only_a_python_that_is_too_old_is_a_failure(version: tuple[int, int], status: Status) -> None:
    assert python_check(version).status is status


def test_a_torch_that_cannot_be_loaded_costs_only_its_own_lines(tmp_path: Path) -> None:
    plant_module(tmp_path, "torch", "raise ImportError('libcudart.so.13: cannot open shared object file')")

    found = asked(tmp_path, {"PYTHONPATH": str(tmp_path)})

    assert found["torch"]["status"] == "failure"
    assert "libcudart.so.13" in found["torch"]["fact"]
    assert found["recognition"]["status"] == "failure"
    assert found["media"]["status"] == found["database"]["status"] == "ok"


def test_a_device_that_is_absent_is_told_with_its_reason(tmp_path: Path) -> None:
    asked = subject(tmp_path, spec=EngineSpec(MODEL, "cuda:97"))
    second_best = subject(tmp_path, spec=EngineSpec(MODEL, "cuda:97", allow_fallback=True))
    look = probe_devices("cuda:97")

    check = device_check(asked, look)

    assert check.status is Status.FAILURE
    assert "cuda:97" in check.explained()["fact"]
    assert "--device auto" in check.explained()["advice"]
    assert device_check(second_best, look).status is Status.WARNING


@pytest.mark.parametrize("broken", ["", "data", "logs"])
def test_folders_are_tried_by_writing(tmp_path: Path, broken: str) -> None:
    (tmp_path / "data").mkdir()  # the other one is not there, and can be made
    if broken:
        shutil.rmtree(tmp_path / broken, ignore_errors=True)
        (tmp_path / broken).touch()  # a file in its place
    before = sorted(tmp_path.rglob("*"))

    found = examined(folders, tmp_path)

    assert (found["data_folder"].status is Status.FAILURE) == (broken == "data")
    assert (found["log_folder"].status is Status.FAILURE) == (broken == "logs")
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


def test_no_folder_for_temporary_files_at_all_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a file"))

    check = examined(temp_folder, tmp_path)["temp_folder"]

    assert check.status is Status.FAILURE
    assert "TMPDIR" in check.explained()["advice"]


@pytest.mark.parametrize(("free_mb", "status"), [(5000, Status.OK), (1500, Status.WARNING), (100, Status.FAILURE)])
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


@pytest.mark.parametrize("status", [Status.OK, Status.FAILURE])
def test_media_libraries_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: Status) -> None:
    if status is Status.FAILURE:
        monkeypatch.setitem(sys.modules, "av", None)

    assert examined(media, tmp_path)["media"].status is status


@pytest.mark.parametrize(("count", "status"), [(0, Status.OK), (2, Status.WARNING)])
def test_recordings_without_an_entry_are_counted(tmp_path: Path, count: int, status: Status) -> None:
    for number in range(count):
        (tmp_path / "data" / ORPHANS_FOLDER / str(number)).mkdir(parents=True)

    [check] = orphans(subject(tmp_path))

    assert check.status is status
    assert check.params.get("count", 0) == count


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


def test_a_database_that_the_first_start_will_make_is_no_fault(tmp_path: Path) -> None:
    assert [check.status for check in database(subject(tmp_path))] == [Status.OK]


def test_a_sound_database_is_said_to_be_so_with_its_version(tmp_path: Path, empty: Path) -> None:
    data_folder(tmp_path / "data", empty)

    found = examined(database, tmp_path)

    assert found["database"].status is Status.OK
    assert SCHEMA_VERSION in found["schema"].explained()["fact"]


@pytest.mark.parametrize(("version", "status"), [("0001", Status.OK), ("9999", Status.FAILURE)])
def test_only_a_database_of_a_newer_program_is_a_failure(
    tmp_path: Path, empty: Path, version: str, status: Status
) -> None:
    data_folder(tmp_path / "data", empty)
    with closing(sqlite3.connect(tmp_path / "data/app.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))

    check = examined(database, tmp_path)["schema"]

    assert check.status is status
    assert version in check.explained()["fact"]


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


def test_the_port_of_this_very_server_is_no_fault(tmp_path: Path) -> None:
    class Alive(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PROGRAM.encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Alive) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        [check] = port(subject(tmp_path, port=server.server_port))
        server.shutdown()

    assert check.status is Status.OK


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


def test_a_clock_that_was_set_back_is_found(tmp_path: Path, empty: Path) -> None:
    data_folder(tmp_path / "data", empty)
    [right] = clock(subject(tmp_path))
    with closing(sqlite3.connect(tmp_path / "data/app.db")) as connection, connection:
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
        assert check.id in ("packages", "python") or any("一" <= letter <= "鿿" for letter in told["fact"]), told


def plant_package(folder: Path, name: str, version: str, needs: str = "") -> None:
    """Let importlib.metadata find a package of this version first; what is imported stays the real one."""
    notes = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    notes.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (notes / "METADATA").write_text("\n".join([*lines, *([f"Requires-Dist: {needs}"] if needs else []), ""]))


def plant_module(folder: Path, name: str, source: str) -> None:
    """Let a child process with this folder in its PYTHONPATH import this in place of the real one."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(f"{source}\n")


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


@pytest.mark.parametrize(
    ("support", "status", "words"),
    [
        (SandboxSupport(files=True, network=True), Status.OK, "no other file, no network"),
        (SandboxSupport(files=True, network=False, reason="seccomp: riscv64"), Status.NOTE, "seccomp: riscv64"),
        (SandboxSupport(files=False, network=True, reason="Landlock: off"), Status.NOTE, "but not other files"),
        (SandboxSupport(files=False, network=False, reason="Darwin"), Status.NOTE, "offers no sandbox"),
    ],
)
def test_what_confines_the_decoder_is_told(support: SandboxSupport, status: Status, words: str) -> None:
    check = sandbox_check(support)

    assert check.status is status
    assert words in check.explained()["fact"]
