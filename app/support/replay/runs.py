"""Replays requested by a page: one at a time, each in a child process, so that the server loads no model for it.

The process is `python -m app replay --json`. Its files are in one folder, removed when it ends; its result is kept
for a day.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Literal

from app.domain.errors.base import Problem
from app.domain.errors.cases import ReplayBroken, ReplayBusy, ReplayNotFound, ReplayTimeLimit
from app.locks import unless_held
from app.logging import event
from app.paths import environment_of_children
from app.store.files.scratch import REPLAY_FOLDER
from app.store.files.upload_file import SOURCE_STEM, UploadFile

log = logging.getLogger(__name__)

FOLDER = REPLAY_FOLDER
KEPT = timedelta(days=1)
MOST_KEPT = 20
LONGEST_HOURS = 6
LARGEST_RESULT_BYTES = 256 * 2**20
LAST_WORDS = 300  # characters of a failed process's output


@dataclass(frozen=True, slots=True)
class ReplayRun:
    """One replay: running until it has an end, then with its result or its error."""

    id: str
    name: str
    """Name of the zip as uploaded."""
    changes: Mapping[str, str]
    started_at: datetime
    finished_at: datetime | None = None
    found: Mapping[str, Any] | None = None
    """As returned by `as_dict` of report.py."""
    problem: Problem | None = None

    @property
    def state(self) -> Literal["running", "done", "failed"]:
        if self.finished_at is None:
            return "running"
        return "failed" if self.problem else "done"


@dataclass(slots=True)
class _Work:
    """The process of a running replay, and its working folder."""

    process: subprocess.Popen[bytes]
    incoming: UploadFile
    folder: Path
    follower: Thread


@dataclass(slots=True)
class Replays:
    """Receives cases, runs them, and keeps the results."""

    folder: Path
    command: Sequence[str]
    """Command of a replay, to which changes and case are appended."""
    _runs: dict[str, ReplayRun] = field(default_factory=dict)
    _work: dict[str, _Work] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def receive(self, name: str, limit_bytes: int) -> UploadFile:
        """Open a file for a case upload; closing it removes it.

        Raises:
            ReplayBusy: another case is running; no need to send anything.
            DiskFull: there is no room for it.
        """
        self.refuse_second()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        return UploadFile(self.folder / secrets.token_hex(8), f"{name}.zip", limit_bytes)

    def refuse_second(self) -> None:
        """Raise ReplayBusy while a case is running."""
        if self._work:
            raise ReplayBusy

    def start(self, incoming: UploadFile, name: str, changes: Mapping[str, str]) -> ReplayRun:
        """Run a received case, taking ownership of its file.

        Raises:
            ReplayBusy: another one has started meanwhile.
        """
        with self._lock:
            self.refuse_second()
            folder = incoming.folder
            run = ReplayRun(folder.name, name, dict(changes), datetime.now(UTC))
            follower = Thread(target=self._follow, args=(run,), name="replay", daemon=True)
            self._work[run.id] = _Work(self._process(folder, changes), incoming, folder, follower)
            self._runs[run.id] = run
            for old in list(self._runs)[:-MOST_KEPT]:
                del self._runs[old]
        event(log, logging.INFO, "replay_started", replay=run.id)
        follower.start()
        return run

    def get(self, id: str) -> ReplayRun:
        """Return a replay.

        Raises:
            ReplayNotFound: there is none, or it has expired.
        """
        run = self._runs.get(id)
        if run is None or datetime.now(UTC) - run.started_at > KEPT:
            raise ReplayNotFound
        return run

    def forget(self, id: str) -> None:
        """Stop a replay, or remove its result.

        Raises:
            ReplayNotFound
        """
        self.get(id)
        with self._lock:
            self._runs.pop(id, None)
            work = self._work.get(id)
        if work:
            _kill(work.process)

    def close(self) -> None:
        """Stop a running replay."""
        for work in list(self._work.values()):
            _kill(work.process)
            work.follower.join()

    # Internal

    def _process(self, folder: Path, changes: Mapping[str, str]) -> subprocess.Popen[bytes]:
        given = [f"--set={name}={value}" for name, value in changes.items()]
        with _told(folder).open("wb") as told, _printed(folder).open("wb") as printed:
            return subprocess.Popen(
                [*self.command, *given, str(_case(folder))],
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=printed,
                env=environment_of_children() | {"TMPDIR": str(folder)},
                start_new_session=True,  # so that its own children are killed with it
            )

    def _follow(self, run: ReplayRun) -> None:
        work = self._work[run.id]
        try:
            work.process.wait(LONGEST_HOURS * 3600)
            ended = _ended(run, work)
        except subprocess.TimeoutExpired:
            _kill(work.process)
            work.process.wait()
            ended = replace(run, problem=ReplayTimeLimit(hours=LONGEST_HOURS).problem)
        work.incoming.close()
        with self._lock:
            self._work.pop(run.id)
            if run.id in self._runs:
                self._runs[run.id] = replace(ended, finished_at=datetime.now(UTC))
        event(log, logging.INFO, "replay_ended", replay=run.id, exit_code=work.process.returncode)

    def _sweep(self) -> None:
        """Remove leftovers of a killed server."""
        for path in self.folder.iterdir():
            with unless_held(path) as is_free:
                if is_free:
                    shutil.rmtree(path, ignore_errors=True)


def _ended(run: ReplayRun, work: _Work) -> ReplayRun:
    """Read the output of the process: a result or a problem."""
    try:
        with _told(work.folder).open("rb") as told:
            found = json.loads(told.read(LARGEST_RESULT_BYTES))  # a truncated one is not valid JSON
    except (OSError, ValueError):
        return replace(run, problem=ReplayBroken(why=_last_words(work)).problem)
    if "problem" not in found:
        return replace(run, found=found)
    problem = Problem.from_dict(found["problem"])
    params = {name: run.name if name == "file" else value for name, value in problem.params.items()}
    return replace(run, problem=replace(problem, params=params))


def _last_words(work: _Work) -> str:
    printed = _printed(work.folder)
    try:
        text = printed.read_bytes()[-4 * LAST_WORDS :].decode(errors="replace").strip()
    except OSError:
        text = ""
    return text[-LAST_WORDS:] or f"exit code {work.process.returncode}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # it has already ended
        return


def _case(folder: Path) -> Path:
    return folder / f"{SOURCE_STEM}.zip"


def _told(folder: Path) -> Path:
    return folder / "told.json"


def _printed(folder: Path) -> Path:
    return folder / "printed.txt"
