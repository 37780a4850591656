"""A bucket of an object store (S3): what a request has confirmed is stored, and an object appears whole or not at all.

The endpoint, the region and the keys are those of the AWS_* environment variables. This module is imported only where
the settings name a bucket.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import S3Store

from app.free_space import keep_reserve
from app.store.files.storage_errors import storage_errors
from app.store.objects.errors import object_errors, writer_errors

if TYPE_CHECKING:
    from obstore import Attributes, ObjectMeta

HEAD_BYTES = 64
PIECE_BYTES = 8 << 20  # of one request: a broken line costs no more
MOST_PARTS = 9_000  # S3 takes 10,000 parts of an object
PARTS_AT_ONCE = 4
COPIED_AT_ONCE = 1 << 30  # bytes: S3 copies up to 5 GB in a request, which REQUEST_TIMEOUT may cut short
REMOVED_AT_ONCE = 1_000  # S3's limit
CONNECT_TIMEOUT = timedelta(seconds=5)
REQUEST_TIMEOUT = timedelta(seconds=30)
MOST_RETRIES = 3
PROBE_TIMEOUT = timedelta(seconds=3)
RETRY_TIMEOUT = timedelta(seconds=10)  # a person waits for the answer


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """One object."""

    key: str
    size: int
    modified: datetime
    etag: str
    head: bytes = b""
    """Its first bytes, where they were asked for."""


class Bucket:
    """What lies below the prefix of a URL like s3://bucket/prefix. Every method may be called from any thread.

    All of them may raise StoreUnusable.
    """

    def __init__(self, url: str, *, is_patient: bool = True) -> None:
        """Name the bucket, without asking for it; one that is not patient asks once, and soon gives up."""
        self._is_patient = is_patient
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        self._name, self._prefix = parts.netloc, parts.path.strip("/")

    @cached_property
    def _store(self) -> S3Store:
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        return S3Store(
            self._name,
            prefix=self._prefix or None,
            client_options={
                "allow_http": endpoint.startswith("http:"),
                "connect_timeout": CONNECT_TIMEOUT if self._is_patient else PROBE_TIMEOUT,
                "timeout": REQUEST_TIMEOUT if self._is_patient else PROBE_TIMEOUT,
            },
            retry_config={
                "max_retries": MOST_RETRIES if self._is_patient else 0,
                "retry_timeout": RETRY_TIMEOUT,
            },
        )

    @cached_property
    def impatient(self) -> Bucket:
        """The same bucket, for who wants to know whether it answers."""
        return Bucket(self.url, is_patient=False)

    def put(self, key: str, content: bytes) -> None:
        """Store an object; it replaces one of the same key."""
        with object_errors(self.url):
            self._store.put(key, content, use_multipart=False)

    def create(self, key: str, content: bytes) -> bool:
        """Store an object unless there is one of the same key; return whether it was stored."""
        with object_errors(self.url):
            try:
                self._store.put(key, content, use_multipart=False, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def put_file(self, key: str, file: Path, attributes: Attributes | None = None) -> None:
        """Store the content of `file`, in parts where it is large."""
        size = file.stat().st_size
        with object_errors(self.url):
            self._store.put(
                key,
                file,
                attributes=attributes,
                use_multipart=size > PIECE_BYTES,
                chunk_size=max(PIECE_BYTES, size // MOST_PARTS),
                max_concurrency=PARTS_AT_ONCE,
            )

    def read(self, key: str) -> bytes:
        """Return the content of a small object.

        Raises:
            FileNotFoundError: there is none.
        """
        with object_errors(self.url):
            return bytes(self._store.get(key).bytes())

    def read_part(self, key: str, first: int, end: int) -> bytes:
        """Return the bytes from `first` up to `end`, which has to be behind it.

        Raises:
            FileNotFoundError: there is no such object.
        """
        with object_errors(self.url):
            return bytes(self._store.get_range(key, start=first, end=end))

    def parts(self, key: str, first: int, end: int, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
        """Yield the bytes from `first` up to `end`, one request for each piece."""
        for start in range(first, end, piece_bytes):
            yield self.read_part(key, start, min(start + piece_bytes, end))

    def facts(self, key: str) -> ObjectFacts | None:
        """Return what is known of an object that is not empty; None if there is none."""
        try:
            with object_errors(
                self.url
            ):  # not HEAD, whose answer would not tell a missing bucket from a missing object
                found = self._store.get(key, options={"range": (0, HEAD_BYTES)})
                return _facts(found.meta, bytes(found.bytes()))
        except FileNotFoundError:
            return None

    def fetch(self, key: str, target: Path) -> None:
        """Write a copy of an object that is not empty to the new file `target`, piece by piece.

        Raises:
            FileNotFoundError: there is no such object.
            DiskFull
        """
        facts = self.facts(key)
        if facts is None:
            raise FileNotFoundError(key)
        with storage_errors(target.parent), target.open("xb") as file:
            keep_reserve(target.parent, facts.size)
            for piece in self.parts(key, 0, facts.size):
                file.write(piece)

    def copy(self, key: str, target: str) -> None:
        """Copy an object that is not empty within the store; a large one passes through this process, part by part.

        Raises:
            FileNotFoundError: there is none.
        """
        with object_errors(self.url):
            found = self._store.get(key, options={"range": (0, HEAD_BYTES)})
            size = found.meta["size"]
            if size <= COPIED_AT_ONCE:
                self._store.copy(key, target)
            else:
                self._copy_in_parts(key, target, size, found.attributes)

    def _copy_in_parts(self, key: str, target: str, size: int, attributes: Attributes) -> None:
        """Write what is read: the library cannot let the store copy parts. A copy that breaks off is taken back."""
        part_bytes = max(PIECE_BYTES, size // MOST_PARTS)
        writer = obstore.open_writer(
            self._store, target, attributes=attributes, buffer_size=part_bytes, max_concurrency=PARTS_AT_ONCE
        )
        with writer_errors(self.url), writer as copied:
            for part in self.parts(key, 0, size, part_bytes):
                copied.write(part)

    def below(self, folder: str) -> Iterator[ObjectFacts]:
        """Yield the objects below a folder, ordered by key."""
        with object_errors(self.url):
            for chunk in self._store.list(folder):
                yield from map(_facts, chunk)

    def folders(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder."""
        with object_errors(self.url):
            found: Sequence[str] = self._store.list_with_delimiter(folder)["common_prefixes"]
        return [path.rpartition("/")[2] for path in found]

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are not there are passed over."""
        wanted = list(keys)
        for first in range(0, len(wanted), REMOVED_AT_ONCE):
            with object_errors(self.url):
                self._store.delete(wanted[first : first + REMOVED_AT_ONCE])

    def remove_below(self, folder: str) -> None:
        """Remove everything in a folder."""
        self.remove([each.key for each in self.below(folder)])

    def signed_url(self, key: str, seconds: int) -> str:
        """Return an address from which anybody can load an object for so long."""
        with object_errors(self.url):
            return str(obstore.sign(self._store, "GET", key, timedelta(seconds=seconds)))


def _facts(found: ObjectMeta, head: bytes = b"") -> ObjectFacts:
    return ObjectFacts(found["path"], found["size"], found["last_modified"], found["e_tag"] or "", head)
