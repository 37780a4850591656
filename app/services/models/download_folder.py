"""The folder of one download, shared by downloader and observers. All of its state is on disk.

models/<name>.part/          locked by the process that downloads
    pull.json                source, progress and error
    files/                   downloaded files; renamed to models/<name> when complete and verified
    stop                     another process wants the download to stop
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from app.atomic import write_atomically
from app.domain.errors.base import Problem
from app.domain.errors.models import ModelBusy
from app.locks import is_held, unless_held
from app.logging import event
from app.stored_json import read_json

PART_SUFFIX = ".part"
STATE_NAME = "pull.json"
STOP_NAME = "stop"
LOCK_TRIES = 50  # an observer holds the lock only briefly
LOCK_PAUSE_SECONDS = 0.01

_log = logging.getLogger(__name__)


class Phase(StrEnum):
    """Current step of a download."""

    ASKING = "asking"
    DOWNLOADING = "downloading"
    UNPACKING = "unpacking"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class DownloadState:
    """Contents of pull.json."""

    hub: str
    id: str
    phase: str = Phase.ASKING
    total_bytes: int | None = None
    trouble: str = ""
    """Why the last attempt failed, while the next one is waited for."""
    problem: dict[str, Any] | None = None


_STATE = TypeAdapter(DownloadState)


@dataclass(frozen=True, slots=True)
class DownloadStatus:
    """Progress of a download, running or not."""

    hub: str
    id: str
    phase: Phase
    is_running: bool
    done_bytes: int
    total_bytes: int | None
    """None until the hub has reported it."""
    trouble: str
    """Why nothing arrives although it is running; empty if something does."""
    problem: Problem | None
    """Why it stopped; None while running, or if it was cancelled or killed."""


class DownloadFolder:
    """The folder of one download."""

    def __init__(self, models_dir: Path, name: str) -> None:
        self.name = name
        self.models_dir = models_dir
        self.target = models_dir / name
        self.part = models_dir / f"{name}{PART_SUFFIX}"
        self.files = self.part / "files"

    def status(self) -> DownloadStatus | None:
        """Return its progress; None if it was never started."""
        state = self.read()
        if state is None:
            return None
        is_running = is_held(self.part)
        return DownloadStatus(
            hub=state.hub,
            id=state.id,
            phase=Phase(state.phase),
            is_running=is_running,
            done_bytes=self.arrived_bytes(),
            total_bytes=state.total_bytes,
            trouble=state.trouble if is_running else "",
            problem=Problem.from_dict(state.problem) if state.problem and not is_running else None,
        )

    def arrived_bytes(self) -> int:
        """Return the bytes on disk; files and folders may come and go meanwhile."""
        total = 0
        for folder, _, names in os.walk(self.files):
            for name in names:
                with suppress(FileNotFoundError):
                    total += Path(folder, name).stat().st_size
        return total

    def read(self) -> DownloadState | None:
        """Return what was published last; None if nothing was, or it is damaged."""
        try:
            state = _STATE.validate_python(read_json(self.part / STATE_NAME))
            Phase(state.phase)
            if state.problem:
                Problem.from_dict(state.problem)
        except (OSError, ValueError):
            return None
        return state

    def write(self, state: DownloadState) -> None:
        """Publish the state; a full disk must not hide the original error."""
        try:
            write_atomically(self.part / STATE_NAME, json.dumps(asdict(state)), durable=False)
        except OSError as error:
            event(_log, logging.WARNING, "download_state_not_written", folder=self.part.name, reason=error)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the exclusive lock on this model.

        Raises:
            ModelBusy: another process holds it.
        """
        self.part.mkdir(parents=True, exist_ok=True)
        for _ in range(LOCK_TRIES):
            with unless_held(self.part) as is_free:
                if is_free:
                    yield
                    return
            time.sleep(LOCK_PAUSE_SECONDS)
        raise ModelBusy(name=self.name)

    def is_asked_to_stop(self) -> bool:
        return (self.part / STOP_NAME).exists()

    def forget_stop(self) -> None:
        (self.part / STOP_NAME).unlink(missing_ok=True)

    def ask_to_stop(self) -> None:
        """Stop the download, whichever process runs it; downloaded data is kept."""
        if self.part.is_dir():
            (self.part / STOP_NAME).touch()

    def discard(self) -> None:
        """Discard what was downloaded.

        Raises:
            ModelBusy: the download is still running.
        """
        if self.part.is_dir():
            with self.held():
                shutil.rmtree(self.part)
