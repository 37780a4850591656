"""The WAV file of a live session whose sound lies in an object store while it grows.

live/<transcription>/<first byte>-<fence>    a piece of its samples; the row tells how many of them count (pieces.py)

The local file is a working copy, which speech detection reads; another server makes it anew from the pieces.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from app.domain.errors.object_store import StoreUnusable
from app.store.files.live_wav import BYTES_PER_SAMPLE, HEADER_BYTES, UNKNOWN, LiveWav, wav_header
from app.store.files.storage_errors import storage_errors
from app.store.objects.pieces import Pieces

MERGED_SECONDS = 60  # of small pieces become one object


class StoredWav(LiveWav):
    """One file; all methods belong to one thread at a time."""

    def __init__(
        self, path: Path, rate: int, samples: int, channels: int, pieces: Pieces, fence: int, source_key: str
    ) -> None:
        """Create the file, or make it from what is stored of its first samples.

        Raises:
            StoreUnusable
            DiskFull: there is no room for it.
        """
        self._pieces = pieces
        self._fence = fence
        self._source_key = source_key
        self._block_bytes = BYTES_PER_SAMPLE * channels
        self._merged_to = samples * self._block_bytes
        if samples:
            with storage_errors(path.parent), path.open("wb") as file:
                file.write(wav_header(rate, UNKNOWN, channels))
                for content in pieces.read(samples * self._block_bytes):
                    file.write(content)
        super().__init__(path, rate, samples, channels)

    def append(self, sound: bytes) -> None:
        """Append `sound`: once this returns, the store has confirmed it."""
        self._pieces.put(self.samples * self._block_bytes, self._fence, sound)
        super().append(sound)

    def note(self, samples: int) -> None:
        """Put small pieces together, as far as the row counts them: a long session is soon loaded again."""
        end = samples * self._block_bytes
        if end - self._merged_to < MERGED_SECONDS * self._rate * self._block_bytes:
            return
        content = os.pread(self._file, end - self._merged_to, HEADER_BYTES + self._merged_to)
        with suppress(StoreUnusable):  # tried again with the next sound
            self._pieces.merge(self._merged_to, self._fence, content)
            self._merged_to = end

    def close(self) -> None:
        """Close and remove the local file: another server may go on, and this one would make it anew."""
        super().close()
        self.path.unlink(missing_ok=True)

    def close_up(self) -> tuple[int, str]:
        """Store the finished recording; return its size in bytes and its SHA-256."""
        closed = super().close_up()
        self._pieces.bucket.put_file(self._source_key, self.path)
        return closed
