"""The doctor: looks at everything the main job needs and says of each what it found and what to do.

Nothing is changed. What may crash (torch, a driver) runs in a child process, so that a crash is a finding.
"""

from __future__ import annotations

import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.engine import EngineSpec
from app.engine.registry import identify
from app.errors import AppError
from app.hubs.checksums import changed_files
from app.store.database import DATABASE_NAME
from app.support.selftest import run_selftest

MINIMUM_PYTHON = (3, 11)
LITTLE_DISK_MB = 2048  # an hour of 16 kHz audio and its upload fit several times


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report."""

    id: str
    status: Status
    fact: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined."""

    spec: EngineSpec
    data_dir: Path
    log_dir: Path


def examine(subject: Subject) -> list[Check]:
    """Return all checks, in the order in which a person would mend things."""
    examinations: tuple[Callable[[Subject], Iterable[Check]], ...] = (
        _python,
        _packages,
        _folders,
        _disk,
        _database,
        _model_files,
        _recognition,
    )
    return [check for examination in examinations for check in examination(subject)]


def _python(_subject: Subject) -> Iterable[Check]:
    fact = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < MINIMUM_PYTHON:
        yield Check("python", Status.FAILURE, fact, "Install Python 3.11 or newer and start again.")
    else:
        yield Check("python", Status.OK, fact)


def _packages(_subject: Subject) -> Iterable[Check]:
    reinstall = "Delete the folder .venv and run scripts/start.sh again."
    try:
        torch, torchaudio, av = version("torch"), version("torchaudio"), version("av")
    except PackageNotFoundError as error:
        yield Check("packages", Status.FAILURE, f"The package {error.name} is not installed.", reinstall)
        return
    fact = f"torch {torch}, torchaudio {torchaudio}, av {av}"
    if "+cpu" in torch and "+cpu" not in torchaudio:
        advice = "torchaudio is built for CUDA and does not import beside a CPU-only torch: install torch from PyPI."
        yield Check("packages", Status.WARNING, fact, advice)
    else:
        yield Check("packages", Status.OK, fact)


def _folders(subject: Subject) -> Iterable[Check]:
    folders = {"data": subject.data_dir, "log": subject.log_dir, "temp": Path(tempfile.gettempdir())}
    for name, folder in folders.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(b"x")
        except OSError as error:
            advice = f"Give this user the right to write to {folder}, or choose another folder."
            yield Check(
                f"{name}_folder", Status.FAILURE, f"{folder} cannot be written: {error.strerror}", advice
            )
        else:
            yield Check(f"{name}_folder", Status.OK, f"{folder} can be written")


def _disk(subject: Subject) -> Iterable[Check]:
    folder = next((f for f in (subject.data_dir, *subject.data_dir.parents) if f.exists()), Path("/"))
    free_mb = shutil.disk_usage(folder).free // 2**20
    fact = f"{free_mb} MB free for recordings"
    if free_mb < LITTLE_DISK_MB:
        yield Check("disk", Status.WARNING, fact, "Free some space, or move the data with --data-dir.")
    else:
        yield Check("disk", Status.OK, fact)


def _database(subject: Subject) -> Iterable[Check]:
    file = subject.data_dir / DATABASE_NAME
    if not file.exists():
        yield Check("database", Status.OK, "No database yet; the first start makes it.")
        return
    advice = f"Stop the server and restore {file} from a backup, or move it away to start with an empty one."
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            [verdict] = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        yield Check("database", Status.FAILURE, f"{file} cannot be read: {error}", advice)
        return
    status = Status.OK if verdict == "ok" else Status.FAILURE
    yield Check("database", status, f"{file}: {verdict}", "" if verdict == "ok" else advice)


def _model_files(subject: Subject) -> Iterable[Check]:
    folder = subject.spec.model_dir
    try:
        identify(folder)
    except AppError as error:
        text = error.problem.explained()
        yield Check("model_files", Status.FAILURE, text["message"], text["advice"])
        return
    changed = changed_files(folder)
    if changed is None:
        yield Check("model_files", Status.OK, f"{folder} is there (it carries no checksums)")
    elif changed:
        advice = "Copy the model folder again from its source, or choose another one with --model."
        fact = f"{folder}: changed or missing: {', '.join(changed)}"
        yield Check("model_files", Status.FAILURE, fact, advice)
    else:
        yield Check("model_files", Status.OK, f"{folder}: every file matches its checksum")


def _recognition(subject: Subject) -> Iterable[Check]:
    """Load the model and read its golden sample, in a child process."""
    try:
        found = run_selftest(subject.spec)
    except AppError as error:
        text = error.problem.explained()
        yield Check("recognition", Status.FAILURE, text["message"], text["advice"])
        return
    yield Check(
        "device", Status.OK, f"{found.device} ({found.dtype}); model loaded in {found.load_seconds:.1f} s"
    )
    if found.expected is None:
        yield Check("recognition", Status.WARNING, "The model folder has no golden sample to compare with.")
    elif found.text == found.expected:
        fact = f"The golden sample was read correctly, {found.rtf:.3f} s of computing for 1 s of speech."
        yield Check("recognition", Status.OK, fact)
    else:
        fact = f"The golden sample was read as '{found.text}' instead of '{found.expected}'."
        advice = (
            "The model or the numerics of this device are wrong: try --device cpu, then copy the model again."
        )
        yield Check("recognition", Status.FAILURE, fact, advice)
