"""An original recording that lies in an object store, as those who send it on see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol


class StoredRecording(Protocol):
    """An original recording in an object store."""

    @property
    def size(self) -> int: ...

    @property
    def modified(self) -> datetime: ...

    @property
    def etag(self) -> str: ...

    @property
    def head(self) -> bytes:
        """Its first bytes."""
        ...

    @property
    def signed_url(self) -> str:
        """Address from which anybody can load it for some minutes; empty where that is not wanted."""
        ...

    def parts(self, first: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `first` up to `end`."""
        ...
