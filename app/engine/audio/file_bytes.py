"""The bytes of a file, read where they are asked for, so that a recording may be larger than the memory of its reader."""

from __future__ import annotations

import os
import re
from typing import BinaryIO

PIECE_BYTES = 1 << 20


class FileBytes:
    """The bytes of an open file, of which only those asked for are read: a mapped file would count as memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = file.fileno()
        self._size = os.fstat(self._descriptor).st_size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        begin, end, step = part.indices(self._size)
        return os.pread(self._descriptor, max(0, end - begin), begin)[::step]

    def byte(self, at: int) -> int:
        """Return the byte at a place; 0 behind the end."""
        return int.from_bytes(self[at : at + 1], "big")

    def rfind(self, wanted: bytes, start: int, end: int | None = None) -> int:
        """Return where `wanted` begins for the last time between `start` and `end`; -1 if it is not there."""
        stop = self._size if end is None else end
        while stop > start:
            begin = max(start, stop - PIECE_BYTES)
            if (found := self[begin:stop].rfind(wanted)) >= 0:
                return begin + found
            stop = begin + len(wanted) - 1 if begin > start else start
        return -1

    def search(self, wanted: re.Pattern[bytes], start: int, longest: int) -> int:
        """Return where a match of at most `longest` bytes begins; -1 if there is none behind `start`."""
        for begin in range(start, self._size, PIECE_BYTES):
            if found := wanted.search(self[begin : begin + PIECE_BYTES + longest]):
                return begin + found.start()
        return -1
