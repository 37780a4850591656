"""Workers of one machine: a locked file for each, which the kernel releases. A file of a dead one is swept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.locks import hold_new, is_held

FOLDER = "workers"


class FileLocks:
    """Files in data/workers; see `app.store.worker_locks.WorkerLocks`."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    @contextmanager
    def holding(self, id: str, renewed: Callable[[str], None]) -> Iterator[None]:  # noqa: ARG002 - it cannot be lost
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = hold_new(self._file(id))
        try:
            yield
        finally:
            self.forget(id)
            os.close(descriptor)

    def is_alive(self, id: str) -> bool:
        return is_held(self._file(id))

    def is_any_alive(self) -> bool:
        return self._folder.is_dir() and any(is_held(path) for path in self._folder.iterdir())

    def forget(self, id: str) -> None:
        self._file(id).unlink(missing_ok=True)

    def _file(self, id: str) -> Path:
        return self._folder / f"{id}.lock"
