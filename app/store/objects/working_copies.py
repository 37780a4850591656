"""The local copies of recordings that lie in an object store: what is decoded has to be a file. They can be loaded again.

data/copies/<id>/    as data/transcriptions/<id>; locked while a job works in it, or while it is live
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock

from app.locks import unless_held
from app.store.files.decoded_audio import samples_in

FOLDER = "copies"
RECENT_SECONDS = 60.0  # in which who has asked for a copy opens it
PAUSE_SECONDS = 30.0  # between looks at all copies


class WorkingCopies:
    """The folders of copies, limited in total size."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._tidying = Lock()
        self._tidied_at = 0.0

    def note_use(self, id: str) -> None:
        """Record that a copy was needed now."""
        with suppress(OSError):
            os.utime(self._folder / id)

    def tidy_soon(self) -> None:
        """Remove what is too much, unless that was done a moment ago."""
        if self._tidying.acquire(blocking=False):
            try:
                if time.monotonic() - self._tidied_at > PAUSE_SECONDS:
                    self.tidy()
                    self._tidied_at = time.monotonic()
            finally:
                self._tidying.release()

    def tidy(self, recent_seconds: float = RECENT_SECONDS) -> None:
        """Remove what was not needed for the longest time until the rest is small enough; what is in use stays."""
        used = {path: _used(path) for path in self._folder.iterdir()}
        total = sum(size for _, size in used.values())
        recent = time.time() - recent_seconds
        for path in sorted((path for path in used if used[path][0] < recent), key=lambda path: used[path][0]):
            if total <= self._most_bytes:
                return
            if _removed(path):
                total -= used[path][1]


def _removed(folder: Path) -> bool:
    """Remove a folder unless a job works in it; return whether it was removed."""
    with unless_held(folder) as is_free:
        if is_free and not samples_in(folder):
            shutil.rmtree(folder, ignore_errors=True)
        return is_free


def _used(folder: Path) -> tuple[float, int]:
    """Return when a folder was last used, and its size in bytes."""
    with suppress(OSError):
        return folder.stat().st_mtime, sum(entry.stat().st_size for entry in os.scandir(folder))
    return 0.0, 0
