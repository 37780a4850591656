"""Artifacts built once from the repository, for all packaging tests."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.paths import builtin_model_dir
from tests.conftest import REPOSITORY
from tests.packaging.installed import Installed, install, make_environment


@dataclass(frozen=True)
class Built:
    """The archives of the repository as it is, and the wheel that the source archive gives."""

    wheel: Path
    sdist: Path
    wheel_of_sdist: Path


@pytest.fixture(name="built", scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Built:
    """They are built by the first worker that needs them, and the others wait: it takes ten seconds of computing."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent
    with (folder / "built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").is_dir():
            _build_all(folder / "unfinished").rename(folder / "built")
    [wheel], [sdist], [wheel_of_sdist] = map((folder / "built").glob, ("*.whl", "*.tar.gz", "again/*.whl"))
    return Built(wheel, sdist, wheel_of_sdist)


def _build_all(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    _build(REPOSITORY, folder, "sdist", "wheel")
    [sdist] = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    [unpacked] = (folder / "unpacked").iterdir()
    _build(unpacked, folder / "again", "wheel")
    return folder


def _build(source: Path, target: Path, *kinds: str) -> None:
    wanted = [word for kind in kinds for word in ("-t", kind)]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", *wanted, "-d", str(target)],
        cwd=source,
        check=True,
        capture_output=True,
    )


@pytest.fixture(name="environment", scope="session")
def _environment(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, installed below a folder whose name has a blank, a percent sign and Chinese characters."""
    environment = make_environment(tmp_path_factory.mktemp("installed") / "100 % 语音")
    install(environment, built.wheel)
    return environment


@pytest.fixture(name="installed")
def _installed(environment: Path, tmp_path: Path) -> Installed:
    if not (builtin_model_dir() / "golden.json").is_file():
        pytest.skip("needs the built-in model in models/builtin")
    (tmp_path / "home").mkdir()
    return Installed(environment, tmp_path / "home")
