"""A file that grows, as objects of its own: a piece is named by the byte it begins with and by the fence of its writer.

A fence is a number in the row of the file, raised by whoever takes the writing over; only its present holder can have the
row count what was stored. So of two pieces that begin at the same byte the one with the higher fence belongs to the file,
and what a former writer stores late is never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from app.store.objects.bucket import Bucket

READ_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file."""

    first: int
    size: int
    key: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """Those in one folder of the bucket. Every method may raise StoreUnusable."""

    bucket: Bucket
    folder: str

    def put(self, first: int, fence: int, content: bytes) -> None:
        """Store the bytes from `first` on; when this returns, the store has confirmed them."""
        self.bucket.put(self.key(first, fence), content)

    def merge(self, first: int, fence: int, content: bytes) -> None:
        """Store the bytes from `first` on in place of the pieces that hold them."""
        self.put(first, fence, content)
        held = range(first, first + len(content))
        kept = self.key(first, fence)
        self.bucket.remove(piece.key for piece in self._all() if piece.first in held and piece.key != kept)

    def chain(self) -> list[Piece]:
        """Return the pieces of the file from its beginning on, without a gap."""
        newest = {piece.first: piece for piece in self._all()}  # ordered by fence
        found: list[Piece] = []
        end = 0
        while piece := newest.get(end):
            found.append(piece)
            end += piece.size
        return found

    @property
    def length(self) -> int:
        """The bytes from the beginning up to the first gap."""
        return sum(piece.size for piece in self.chain())

    def read(self, end: int) -> Iterator[bytes]:
        """Yield the first `end` bytes of the file, or as many as there are."""
        wanted = [piece for piece in self.chain() if piece.first < end]
        with ThreadPoolExecutor(READ_AT_ONCE, thread_name_prefix="pieces") as readers:
            for begin in range(0, len(wanted), READ_AT_ONCE):
                some = wanted[begin : begin + READ_AT_ONCE]
                for piece, content in zip(some, readers.map(self._content, some), strict=True):
                    yield content[: end - piece.first]

    def remove(self) -> None:
        self.bucket.remove_below(self.folder)

    def _content(self, piece: Piece) -> bytes:
        return self.bucket.read(piece.key)

    def _all(self) -> Iterator[Piece]:
        """Yield all pieces, ordered by beginning and fence; one of no bytes leads nowhere."""
        found = sorted(self.bucket.below(self.folder), key=lambda each: each.key)
        for each in found:
            first = each.key.rpartition("/")[2].partition("-")[0]
            if each.size:
                yield Piece(int(first), each.size, each.key)

    def key(self, first: int, fence: int) -> str:
        """Return the name of a piece."""
        return f"{self.folder}/{first:016d}-{fence:08d}"
