"""Files of raw little-endian int16 samples: one for the mix of a recording, or one per channel."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Self, TypeAlias

import numpy as np

from app.engine import Waveform
from app.free_space import keep_reserve

BYTES_PER_SAMPLE = 2
_CHECK_BYTES = 1 << 20  # written between two checks of the free space
FULL_SCALE = 32768

Block: TypeAlias = tuple[Waveform, ...]
"""The same interval of the mix, or of each channel."""


def channel_file(pcm: Path, channel: int | None) -> Path:
    """Return the path of a channel, counted from 1; None is the mix of all, in `pcm` itself."""
    return pcm if channel is None else pcm.with_name(f"{channel}-{pcm.name}")


class SampleFiles:
    """The files that samples are written to, opened once their number is known."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._files: list[BinaryIO] = []
        self._opened = ExitStack()
        self._unchecked = _CHECK_BYTES

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def write(self, block: Block) -> None:
        if not self._files:
            self._files = [self._opened.enter_context(path.open("wb")) for path in self._paths(len(block))]
        for file, waveform in zip(self._files, block, strict=True):
            self._write(file, _as_bytes(waveform))

    def _write(self, file: BinaryIO, content: bytes) -> None:
        """Write samples; digital silence becomes a hole, which takes no space on the disk."""
        if not any(content):
            file.seek(len(content), os.SEEK_CUR)
            return
        self._unchecked += len(content)
        if self._unchecked >= _CHECK_BYTES:
            self._unchecked = 0
            keep_reserve(self._target.parent)
        file.write(content)

    def begin_again(self) -> None:
        """Discard what was written: the audio is decoded in another way, perhaps with other channels."""
        self._opened.close()
        for file in self._files:
            Path(file.name).unlink(missing_ok=True)
        self._files = []

    def sync(self) -> None:
        for file in self._files:
            file.truncate()
            file.flush()
            os.fsync(file.fileno())

    def keep_first_only(self) -> None:
        """Make the first channel the mix: all are identical."""
        first, *others = self._paths(len(self._files))
        first.replace(self._target)
        for other in others:
            other.unlink()

    def _paths(self, count: int) -> list[Path]:
        return [channel_file(self._target, number if count > 1 else None) for number in range(1, count + 1)]


def _as_bytes(waveform: Waveform) -> bytes:
    integers = np.clip(np.rint(waveform * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return integers.astype("<i2").tobytes()
