"""The one folder for what is only there while it is being made: cases, copies of the database, unpacked backups.

data/tmp/<random>/ is locked by the process that uses it. What a process that died has left is swept at the next start,
whatever it holds: a case may hold the sound of a recording that was deleted for good since.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.locks import hold_new, unless_held

FOLDER = "tmp"
"""Below the data folder."""
REPLAY_FOLDER = "replays"
"""Of cases that were sent to be run again; each is locked while it runs."""
FORMER_LEFTOVERS = ("case-*", ".backup-*", ".restore-*", ".*.part", "settings.json.*.part", ".restore-ready-done")
"""What older versions, and killed writers, have left in the data folder itself."""


class Scratch:
    """A folder of one's own, until `close`."""

    def __init__(self, data_dir: Path) -> None:
        place = data_dir / FOLDER
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = place / secrets.token_hex(8)
        self._lock = hold_new(self.folder, folder=True)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


@contextmanager
def scratch(data_dir: Path) -> Iterator[Path]:
    """Give a folder on the disk of the recordings for the block.

    Raises:
        OSError: it cannot be made.
    """
    held = Scratch(data_dir)
    try:
        yield held.folder
    finally:
        held.close()


def sweep_scratch(data_dir: Path) -> None:
    """Remove what nobody uses any more. Run it at a start, before work begins."""
    place = data_dir / FOLDER
    leftovers = [path for folder in (place, data_dir / REPLAY_FOLDER) if folder.is_dir() for path in folder.iterdir()]
    for pattern in FORMER_LEFTOVERS:
        leftovers += data_dir.glob(pattern)
    for path in leftovers:
        remove_unless_held(path)


def remove_unless_held(path: Path) -> None:
    """Remove a file or folder that no process holds."""
    with unless_held(path) as is_free:
        if is_free and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif is_free:
            path.unlink(missing_ok=True)
