"""Replaces the data folder's database; a crash at any moment leaves either the old or the new one.

data/restore-ready/          the replacement data: plan.json, data/..., logs/...

The folder appears atomically, by one rename. From then on the new data are valid: the next process to open the data
folder finishes the exchange, whose steps are idempotent.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from app.atomic import sync_file, sync_folder

DATABASE_FILES = "app.db*"
READY = "restore-ready"
_PLAN = "plan.json"
_IS_ASIDE = "is-aside"


@dataclass(frozen=True, slots=True)
class ExchangePlan:
    aside: str
    """The folder, below the data folder, for the old data; empty if there was none."""
    logs: str
    """Absolute path of the folder for the backup's logs."""


def plan_exchange(staged: Path, data_dir: Path, plan: ExchangePlan) -> None:
    """Commit to replacing the present data with `staged`, a folder in the data folder."""
    (staged / _PLAN).write_text(json.dumps(asdict(plan)), encoding="utf-8")
    sync_file(staged / _PLAN)
    sync_folder(staged)
    staged.rename(data_dir / READY)
    sync_folder(data_dir)


def is_planned(data_dir: Path) -> bool:
    return (data_dir / READY).exists()


def finish_exchange(data_dir: Path) -> None:
    """Finish a committed exchange. The caller holds the exclusive lock on the data folder."""
    staged = data_dir / READY
    plan = ExchangePlan(**json.loads((staged / _PLAN).read_text(encoding="utf-8")))
    if not (staged / _IS_ASIDE).exists():
        _set_aside(data_dir, plan.aside)
        (staged / _IS_ASIDE).touch()
        sync_folder(staged)
    _put_in_place(staged, data_dir)
    if (staged / "logs").is_dir():
        shutil.copytree(staged / "logs", plan.logs, dirs_exist_ok=True)
    sync_folder(data_dir)
    done = data_dir / f".{READY}-done"
    staged.rename(done)
    shutil.rmtree(done, ignore_errors=True)


def present(data_dir: Path) -> list[Path]:
    """Return the files that an exchange sets aside."""
    return [*data_dir.glob(DATABASE_FILES), *data_dir.glob("*.json")]


def _set_aside(data_dir: Path, name: str) -> None:
    """Move the present database and settings aside, skipping what was moved before a crash."""
    for path in present(data_dir) if name else ():
        aside = data_dir / name
        aside.mkdir(exist_ok=True)
        path.rename(aside / path.name)
    if name:
        sync_folder(data_dir / name)


def _put_in_place(staged: Path, data_dir: Path) -> None:
    for path in sorted((staged / "data").glob("*.*")):
        if path.is_file():
            path.rename(data_dir / path.name)
    target = data_dir / "transcriptions"
    target.mkdir(exist_ok=True)
    for folder in (staged / "data" / "transcriptions").glob("*"):
        with suppress(OSError):  # an existing recording stays
            folder.rename(target / folder.name)
    sync_folder(target)
