"""A WAV file that grows during a live session: int16, a valid recording at every moment.

Its header says "as long as the file" until `close_up` writes the true length, so that a file whose writer was
killed plays as well.
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

from app.atomic import sync_folder
from app.free_space import keep_reserve
from app.store.files.storage_errors import storage_errors

BYTES_PER_SAMPLE = 2
HEADER_BYTES = 44
UNKNOWN = 0xFFFFFFFF  # the length that FFmpeg and players take for a stream
_BLOCK_BYTES = 1 << 20


class LiveWav:
    """One file; all methods belong to one thread at a time."""

    def __init__(self, path: Path, rate: int, samples: int = 0, channels: int = 1) -> None:
        """Open or create the file; anything after the first `samples` was never acknowledged and is truncated.

        Samples are counted per channel; those of several channels are interleaved.

        Raises:
            DiskFull: there is no room for it.
        """
        self.path = path
        self.channels = channels
        self._rate = rate
        self._end = HEADER_BYTES + samples * channels * BYTES_PER_SAMPLE
        with storage_errors(path.parent):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self._begin()
            except OSError:
                self.close()
                raise

    def _begin(self) -> None:
        os.pwrite(self._file, wav_header(self._rate, UNKNOWN, self.channels), 0)
        os.ftruncate(self._file, self._end)
        os.fsync(self._file)
        sync_folder(self.path.parent)

    @property
    def samples(self) -> int:
        return (self._end - HEADER_BYTES) // (BYTES_PER_SAMPLE * self.channels)

    def append(self, sound: bytes) -> None:
        """Append `sound` durably: once this returns, it survives a power cut. On failure nothing is added.

        Raises:
            DiskFull: there is no room for it.
        """
        with storage_errors(self.path.parent):
            keep_reserve(self.path.parent, len(sound))
            written = 0
            while written < len(sound):
                written += os.pwrite(self._file, sound[written:], self._end + written)
            os.fsync(self._file)
        self._end += len(sound)

    def note(self, samples: int) -> None:
        """Learn that the row counts the first `samples`."""

    def close_up(self) -> tuple[int, str]:
        """Write the true length; return the size in bytes and the SHA-256 of the finished file."""
        with storage_errors(self.path.parent):
            os.ftruncate(self._file, self._end)
            os.pwrite(self._file, wav_header(self._rate, self._end - HEADER_BYTES, self.channels), 0)
            os.fsync(self._file)
        return self._end, self._digest()

    def close(self) -> None:
        os.close(self._file)

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for start in range(0, self._end, _BLOCK_BYTES):
            digest.update(os.pread(self._file, _BLOCK_BYTES, start))
        return digest.hexdigest()


def read_samples(path: Path, first: int, count: int, channels: int = 1) -> bytes:
    """Return `count` samples of all channels starting at `first`, or as many as exist."""
    block = BYTES_PER_SAMPLE * channels
    with path.open("rb") as file:
        file.seek(HEADER_BYTES + first * block)
        return file.read(count * block)


def wav_header(rate: int, data_bytes: int, channels: int = 1) -> bytes:
    """Return the 44-byte RIFF header for int16; beyond 4 GB the length stays unknown."""
    block = BYTES_PER_SAMPLE * channels
    data_bytes = data_bytes if data_bytes < UNKNOWN - HEADER_BYTES else UNKNOWN
    riff_bytes = min(data_bytes + HEADER_BYTES - 8, UNKNOWN)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * block, block, 8 * BYTES_PER_SAMPLE)
    return struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE") + form + struct.pack("<4sI", b"data", data_bytes)
