"""The original recording of a transcription in a bucket: read in parts, or by an address for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.store.objects.bucket import Bucket, ObjectFacts

SIGNED_SECONDS = 300


@dataclass(frozen=True, slots=True)
class StoredSource:
    """An original recording in the bucket."""

    bucket: Bucket
    facts: ObjectFacts
    is_signed: bool

    @property
    def size(self) -> int:
        return self.facts.size

    @property
    def modified(self) -> datetime:
        return self.facts.modified

    @property
    def etag(self) -> str:
        return self.facts.etag

    @property
    def head(self) -> bytes:
        return self.facts.head

    @property
    def signed_url(self) -> str:
        return self.bucket.signed_url(self.facts.key, SIGNED_SECONDS) if self.is_signed else ""

    def parts(self, first: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `first` up to `end`."""
        return self.bucket.parts(self.facts.key, first, end)
