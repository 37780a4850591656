"""The decoded samples of finished recordings, kept so that a page plays what was recognised. They can be made again.

data/decoded/<id>/    audio.s16, or 1-audio.s16 and so on for separate channels; a folder that is there is complete
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER = "decoded"
AUDIO_NAME = "audio.s16"
MOST_BYTES = 4 << 30  # ten hours are 1.2 GB
PLAYING_SECONDS = 60.0  # since the last request
FREE_BYTES = 2 << 30  # on a disk with less, nothing is kept
_BLOCK_BYTES = 512  # the unit of st_blocks


class DecodedAudio:
    """The folders under data/decoded."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)

    def files(self, id: str) -> list[Path]:
        """Return the samples of a recording, mixed or per channel; empty if they are not kept. They count as used."""
        with suppress(OSError):
            os.utime(self._folder / id)
        return samples_in(self._folder / id)

    def keep(self, id: str, folder: Path) -> None:
        """Move the samples that a finished job left in `folder` here; if that fails, they stay there."""
        with suppress(OSError), self._appearing(id) as made:
            for file in samples_in(folder):
                file.rename(made / file.name)

    @contextmanager
    def making(self, id: str) -> Iterator[Path]:
        """Yield the path to decode a recording to; if the block fails, nothing is left behind."""
        with self._appearing(id) as made:
            yield made / AUDIO_NAME

    def remove(self, id: str) -> None:
        shutil.rmtree(self._folder / id, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what was not heard for the longest time until the rest is small enough; what is heard now stays."""
        used = {path: _used(path) for path in self._folder.iterdir()}
        total = sum(size for _, size in used.values())
        recent = time.time() - PLAYING_SECONDS
        for path in sorted((path for path in used if used[path][0] < recent), key=lambda path: used[path][0]):
            if total <= MOST_BYTES and shutil.disk_usage(self._folder).free >= FREE_BYTES:
                return
            shutil.rmtree(path, ignore_errors=True)
            total -= used[path][1]

    @contextmanager
    def _appearing(self, id: str) -> Iterator[Path]:
        """Yield a folder that becomes that of `id` at the end of the block."""
        made = self._folder / f"{id}.{secrets.token_hex(4)}"
        made.mkdir()
        try:
            yield made
            self.remove(id)
            made.rename(self._folder / id)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def samples_in(folder: Path) -> list[Path]:
    """Return the files of samples in `folder`, the channels in order."""
    return sorted(folder.glob(f"*{AUDIO_NAME}"))


def _used(folder: Path) -> tuple[float, int]:
    """Return when a folder was last used, and the bytes it takes: silence is stored as holes."""
    with suppress(OSError):
        sizes = [entry.stat().st_blocks * _BLOCK_BYTES for entry in os.scandir(folder)]
        return folder.stat().st_mtime, sum(sizes)
    return 0.0, 0
