"""What users get after `pip install funasr-webui` in a folder that is not a checkout."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app import __version__
from app.paths import builtin_model_dir, large_model_dir
from tests.packaging.conftest import Built
from tests.packaging.installed import (
    AS_NOBODY,
    NOBODY,
    Installed,
    can_become_nobody,
    install,
    make_environment,
    python_of_everyone,
)
from tests.program import ended, letters, upload

MODEL = (large_model_dir() or builtin_model_dir()).name  # what reads until somebody chooses
GOLDEN = json.loads((builtin_model_dir().with_name(MODEL) / "golden.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.weights


def put_in_the_way(folder: Path) -> None:
    """Write a package with the name of ours, as many projects have one, into the current folder."""
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "__init__.py").write_text("raise SystemExit('this is another program')")


def state_of(folder: Path) -> dict[str, float]:
    """Return when each file below the folder was written; Python may add its bytecode."""
    return {str(file): file.stat().st_mtime for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"}


def test_the_command_tells_its_version(installed: Installed, tmp_path: Path) -> None:
    assert installed.at(tmp_path).run("--version").stdout == f"funasr-webui {__version__}\n"


def test_it_reads_the_golden_sample_in_any_folder(installed: Installed, tmp_path: Path) -> None:
    put_in_the_way(tmp_path / "work")
    audio = installed.package / "models" / MODEL / GOLDEN["audio"]

    read = installed.at(tmp_path / "work").run("transcribe", audio, "--no-itn", "--no-punctuation")

    assert read.returncode == 0, read.stderr
    assert letters(read.stdout) == letters(GOLDEN["text"])


def test_it_serves_pages_and_keeps_everything_in_the_users_folders(installed: Installed, tmp_path: Path) -> None:
    put_in_the_way(tmp_path / "work")
    before = state_of(installed.package), state_of(tmp_path / "work")

    with installed.at(tmp_path / "work").serving() as client:
        page = client.get("/", headers={"Accept-Language": "zh"})
        job = upload(client, installed.package / "models" / MODEL / GOLDEN["audio"], punctuation="false")
        job = ended(client, job["id"])
        devices = client.get("/api/v1/system/devices")
        told = client.get("/api/v1/system").json()

    assert "语音" in page.text
    assert (job["state"], job["model"]) == ("succeeded", MODEL), job
    assert letters(job["text"]) == letters(GOLDEN["text"])
    assert devices.status_code == 200, devices.text
    assert told["version"] == __version__
    assert (state_of(installed.package), state_of(tmp_path / "work")) == before
    names = {file.name for file in installed.home.rglob("*")}
    assert {"app.db", "app.log"} <= names
    if sys.platform == "linux":
        assert (installed.home / ".local/share/funasr-webui/data/app.db").is_file()
        assert (installed.home / ".local/state/funasr-webui/log/app.log").is_file()


def test_the_doctor_finds_the_model_inside_the_package(installed: Installed, tmp_path: Path) -> None:
    examined = installed.at(tmp_path).run("doctor", "--json")

    checks = {check["id"]: check for check in json.loads(examined.stdout)["checks"]}
    wanted = ("packages", "model_files", "recognition", "media")
    assert {id: checks[id]["status"] for id in wanted} == dict.fromkeys(wanted, "ok"), checks
    assert str(installed.package / "models" / MODEL) in checks["model_files"]["fact"]


@pytest.mark.skipif(not can_become_nobody, reason="only root can install for another user and act as that user")
def test_what_root_installed_works_for_another_user(built: Built) -> None:
    with TemporaryDirectory() as folder:  # not pytest's own, which nobody else may enter
        Path(folder).chmod(0o755)
        environment = make_environment(Path(folder) / "installed", python_of_everyone())
        install(environment, built.wheel)
        home = Path(folder) / "home"
        home.mkdir()
        os.chown(home, NOBODY, NOBODY)
        other = Installed(environment, home, AS_NOBODY)

        with other.at(home).serving() as client:
            audio = other.package / "models" / MODEL / GOLDEN["audio"]
            job = ended(client, upload(client, audio, punctuation="false")["id"])

        assert letters(job["text"]) == letters(GOLDEN["text"]), job
        assert {file.owner() for file in home.rglob("*")} == {home.owner()}


def test_a_home_that_cannot_be_written_is_told(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where the home should be")
    homeless = replace(installed, home=tmp_path / "file")

    refused = homeless.at(tmp_path).run("serve", "--port", "0")

    assert refused.returncode == 1
    assert "[folder_unwritable]" in refused.stderr
    assert "--data-dir" in refused.stderr
    assert "Traceback" not in refused.stderr
