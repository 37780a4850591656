"""`python -m app replay` with the built-in model: a case from one data folder is replayed with another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.composition import decode_limits, engine_spec
from app.domain.options import TranscriptionOptions
from app.paths import builtin_model_dir
from app.services.inference.process import InferenceProcess
from app.services.transcriptions.job_queue import Queue
from app.services.worker.worker import Worker
from app.settings import Settings
from app.store.files.recordings import Files
from tests.databases import database_in
from tests.services.conftest import House
from tests.warm import run

MODEL = builtin_model_dir()
pytestmark = pytest.mark.skipif(not (MODEL / "golden.json").is_file(), reason="needs models/builtin")


@pytest.fixture(name="case", scope="module")
def _case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case of the golden sample, made by the command line in a data folder of its own."""
    folder = tmp_path_factory.mktemp("first")
    settings = Settings(data_dir=folder, device="cpu", threads=1)
    database = database_in(folder)
    database.migrate()
    files = Files(folder)
    house = House(folder, database, files, Queue(database, files))
    inference = InferenceProcess(engine_spec(settings))
    with Worker(house.queue, files, inference, decode_limits(settings)).running():
        golden = MODEL / json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))["audio"]
        with house.queue.receive("golden.flac", 10**9) as incoming:
            incoming.write(golden.read_bytes())
            job = house.queue.submit(incoming, TranscriptionOptions(language="zh"), "api").id
        house.end_of(job)
    target = folder / "cases" / "golden.zip"
    target.parent.mkdir()
    made = run("case", job, "--output", target, "--data-dir", folder, "--log-dir", folder, "--device", "cpu")
    assert made.returncode == 0, made.stderr
    database.close()
    return target


def test_a_case_runs_again_with_other_folders_and_other_settings(case: Path, tmp_path: Path) -> None:
    folders = ("--data-dir", tmp_path / "other", "--log-dir", tmp_path / "logs")
    result = run("replay", case, "--json", "--set", "device=cpu", "--set", "threads=2", *folders)

    assert result.returncode == 0, result.stdout + result.stderr
    told = json.loads(result.stdout)
    assert told["verdict"] == "reproduced"
    assert told["cer"] == 0
    assert {each["name"] for each in told["differences"]} == {"device", "threads"}


def test_another_option_gives_another_text_and_another_exit_code(case: Path, tmp_path: Path) -> None:
    result = run("replay", case, "--set", "language=en", "--data-dir", tmp_path, "--log-dir", tmp_path)

    assert result.returncode == 4, result.stdout + result.stderr
    assert "NOT REPRODUCED" in result.stdout
    assert "    - [" in result.stdout


def test_a_folder_of_cases_is_compared_with_its_baseline(case: Path, tmp_path: Path) -> None:
    baseline, junit = tmp_path / "baseline.json", tmp_path / "junit.xml"
    options = ("--all", case.parent, "--baseline", baseline, "--data-dir", tmp_path, "--log-dir", tmp_path)
    first = run("replay", *options)
    second = run("replay", *options, "--junit", junit, "--set", "language=en")

    assert (first.returncode, first.stdout.split()[0]) == (0, "new")
    assert (second.returncode, second.stdout.split()[0]) == (4, "changed")
    assert 'failures="1"' in junit.read_text()


def test_what_is_no_case_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip")
    result = run("replay", tmp_path / "x.zip")

    assert result.returncode == 1
    assert "[case_unreadable]" in result.stderr


def test_a_setting_that_there_is_not_is_told(case: Path) -> None:
    result = run("replay", case, "--set", "colour=red")

    assert result.returncode == 1
    assert "[invalid_parameter]" in result.stderr
