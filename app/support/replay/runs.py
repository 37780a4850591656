"""Replays that a page asks for: one at a time, each in a process of its own, so that no server loads a model for it.

The process is `python -m app replay --json`. What it needs lies in one folder, which is gone when it has ended; what
it found is remembered for a day.
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
LAST_WORDS = 300  # characters of what a broken process has printed


@dataclass(frozen=True, slots=True)
class ReplayRun:
    """One replay: under way while it has no end, then with what it found or with why it found nothing."""

    id: str
    name: str
    """Of the zip, as it was sent."""
    changes: Mapping[str, str]
    started_at: datetime
    finished_at: datetime | None = None
    found: Mapping[str, Any] | None = None
    """What `as_dict` of report.py says."""
    problem: Problem | None = None

    @property
    def state(self) -> Literal["running", "done", "failed"]:
        if self.finished_at is None:
            return "running"
        return "failed" if self.problem else "done"


@dataclass(slots=True)
class _Work:
    """The process of a replay that is under way, and the folder it works in."""

    process: subprocess.Popen[bytes]
    incoming: UploadFile
    folder: Path
    follower: Thread


@dataclass(slots=True)
class Replays:
    """Takes cases in, runs them, and remembers what came out."""

    folder: Path
    command: Sequence[str]
    """Starts a replay; the changes and the case follow."""
    _runs: dict[str, ReplayRun] = field(default_factory=dict)
    _work: dict[str, _Work] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def receive(self, name: str, limit_bytes: int) -> UploadFile:
        """Open a file for a case that is being sent; closing it removes it.

        Raises:
            ReplayBusy: another case is being run; nothing needs to be sent.
            DiskFull: there is no room for it.
        """
        self.refuse_second()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        return UploadFile(self.folder / secrets.token_hex(8), f"{name}.zip", limit_bytes)

    def refuse_second(self) -> None:
        """Raise ReplayBusy while a case is being run."""
        if self._work:
            raise ReplayBusy

    def start(self, incoming: UploadFile, name: str, changes: Mapping[str, str]) -> ReplayRun:
        """Run a case that has been received; it belongs to the replay from now on.

        Raises:
            ReplayBusy: another one was quicker.
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
            ReplayNotFound: there is none, or it is too long ago.
        """
        run = self._runs.get(id)
        if run is None or datetime.now(UTC) - run.started_at > KEPT:
            raise ReplayNotFound
        return run

    def forget(self, id: str) -> None:
        """Stop a replay, or remove what it found.

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
        """Stop what is under way."""
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
                start_new_session=True,  # it is ended with the processes that it has started
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
        """Remove what a server that was killed has left behind."""
        for path in self.folder.iterdir():
            with unless_held(path) as is_free:
                if is_free:
                    shutil.rmtree(path, ignore_errors=True)


def _ended(run: ReplayRun, work: _Work) -> ReplayRun:
    """Read what the process has told: a result, or the problem that it met."""
    try:
        with _told(work.folder).open("rb") as told:
            found = json.loads(told.read(LARGEST_RESULT_BYTES))  # one that is cut is no JSON
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
    except ProcessLookupError:  # it has ended by itself
        return


def _case(folder: Path) -> Path:
    return folder / f"{SOURCE_STEM}.zip"


def _told(folder: Path) -> Path:
    return folder / "told.json"


def _printed(folder: Path) -> Path:
    return folder / "printed.txt"
