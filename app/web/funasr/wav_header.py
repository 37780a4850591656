"""Takes the header of a WAV file off a stream of PCM: some clients send the file as it is and call it PCM."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from app.domain.errors.funasr import FunasrFormatWrong

LONGEST_HEADER = 64 * 1024  # bytes, of which a longer one is no header
LEAST_BYTES = 12
BITS = 16
PCM_TAGS = (1, 0xFFFE)


@dataclass(frozen=True, slots=True)
class WavFormat:
    """What a header says about the sound behind it."""

    rate: int
    channels: int


class HeaderFilter:
    """Bytes in, samples out; what was held back for a header comes out with `flush`."""

    def __init__(self) -> None:
        self.format: WavFormat | None = None
        """Of the header; None without one, or before it is complete."""
        self._held: bytearray | None = bytearray()

    def push(self, data: bytes) -> bytes:
        """Return the samples in `data`, as far as it is certain that they are.

        Raises:
            FunasrFormatWrong: the header is of something other than 16-bit PCM.
        """
        if self._held is None:
            return data
        self._held += data
        if len(self._held) < LEAST_BYTES and b"RIFF".startswith(bytes(self._held[:4])):
            return b""
        if self._held[:4] != b"RIFF" or self._held[8:12] != b"WAVE":
            return self.flush()
        place = self._data_place(bytes(self._held))
        if place is not None:
            samples, self._held = bytes(self._held[place:]), None
            return samples
        return self.flush() if len(self._held) > LONGEST_HEADER else b""

    def flush(self) -> bytes:
        """Return what is held back: the sound has ended, or has no header."""
        held, self._held = bytes(self._held or b""), None
        return held

    def _data_place(self, head: bytes) -> int | None:
        """Return where the samples begin; None if that has not arrived."""
        place = LEAST_BYTES
        while place + 8 <= len(head):
            name, size = head[place : place + 4], struct.unpack_from("<I", head, place + 4)[0]
            if name == b"data":
                return place + 8
            if name == b"fmt " and place + 24 <= len(head):
                self._read_format(head, place + 8)
            place += 8 + size + size % 2
        return None

    def _read_format(self, head: bytes, place: int) -> None:
        tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, place)
        if tag not in PCM_TAGS or bits != BITS or channels == 0:
            raise FunasrFormatWrong(format=f"WAV {tag:#06x}, {bits} bit")
        self.format = WavFormat(rate, channels)
