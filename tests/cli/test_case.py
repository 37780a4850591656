"""`python -m app case JOB`, in a real child process on the data of a stopped server."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.paths import builtin_model_dir
from tests.services.conftest import House, _house, talk  # noqa: F401 - a fixture
from tests.support.cases import names_in, read
from tests.warm import run

needs_model = pytest.mark.skipif(not (builtin_model_dir() / "golden.json").is_file(), reason="needs models/builtin")


@needs_model
def test_the_command_writes_a_case_and_tells_what_is_in_it(house: House, tmp_path: Path) -> None:
    with house.working("EchoEngine"):
        job = house.end_of(house.submit(talk(0.2)).id).id
    target = tmp_path / "out" / "c.zip"
    target.parent.mkdir()

    result = run("case", job, "--output", target, "--device", "cpu", "--data-dir", house.folder, "--log-dir", tmp_path)

    assert result.returncode == 0, result.stderr
    assert "audio/whole.flac" in result.stdout
    assert "Taken out: " in result.stdout
    assert "log/app.log" in names_in(target)
    assert [check["id"] for check in read(target, "doctor.json")["checks"]].count("recognition") == 1
    device = read(target, "settings.json")["device"]
    assert device == {"value": "cpu", "origin": "option", "default": "auto", "is_changed": True}


def test_a_job_that_does_not_exist_is_told(tmp_path: Path) -> None:
    result = run("case", "nothing", "--data-dir", tmp_path, "--log-dir", tmp_path)

    assert result.returncode == 1
    assert "[transcription_not_found]" in result.stderr
    assert list(tmp_path.glob("*.zip")) == []


def test_a_folder_that_is_not_there_is_told(house: House, tmp_path: Path) -> None:
    job = house.submit(talk(0.2)).id
    options = ("--audio", "hash", "--data-dir", house.folder, "--log-dir", tmp_path, "--model", tmp_path)
    result = run("case", job, "--output", tmp_path / "no/c.zip", *options)

    assert result.returncode == 1
    assert "[folder_missing]" in result.stderr
