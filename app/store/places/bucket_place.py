"""A folder of an object store. A store that does not answer is asked again for some minutes: nobody waits for an answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TypeVar

from app.domain.archive import ListedFile
from app.domain.errors.audio import FileUnreadable
from app.domain.errors.base import N_
from app.domain.errors.batches import ArchiveInUse
from app.domain.errors.object_store import StoreUnreachable
from app.periodic import Periodic
from app.store.objects.bucket import Bucket

LEASE = ".in-use.lock"
RENEWED_SECONDS = 20.0
ABANDONED_SECONDS = 120.0  # without renewal; the clocks of two machines differ by less
PATIENCE_SECONDS = 600.0
PAUSE_SECONDS = 5.0

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """See Place."""

    bucket: Bucket

    @property
    def url(self) -> str:
        return self.bucket.url

    def files(self, folder: str = "") -> Iterator[ListedFile]:
        for found in _patiently(lambda: list(self.bucket.below(folder))):
            yield ListedFile(found.key, found.size, found.etag or str(found.modified))

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="funasr-") as folder:
            copy = Path(folder, f"source{PurePosixPath(name).suffix}")
            _patiently(lambda: self._fetch(name, copy))
            yield copy

    def read(self, name: str) -> bytes | None:
        try:
            return _patiently(lambda: self.bucket.read(name))
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        _patiently(lambda: self.bucket.put(name, content))

    def remove(self, name: str) -> None:
        _patiently(lambda: self.bucket.remove([name]))

    @contextmanager
    def held_alone(self) -> Iterator[None]:
        """Hold a lease: an object that nobody else may create, renewed while it is held."""
        _patiently(self._take)
        try:
            with Periodic("archive-lease", self._renew, RENEWED_SECONDS, at_once=False).running():
                yield
        finally:
            self.remove(LEASE)

    def _fetch(self, name: str, copy: Path) -> None:
        copy.unlink(missing_ok=True)
        try:
            self.bucket.fetch(name, copy)
        except FileNotFoundError as error:
            raise FileUnreadable(file=f"{self.url}/{name}", reason=N_("it is not there, or empty")) from error

    def _take(self) -> None:
        """Create the lease, or take over one that nobody renews any more."""
        if self.bucket.create(LEASE, self.url.encode()):
            return
        former = self.bucket.facts(LEASE)
        if former and (datetime.now(UTC) - former.modified).total_seconds() < ABANDONED_SECONDS:
            raise ArchiveInUse(place=self.url)
        self._renew()

    def _renew(self) -> None:
        self.bucket.put(LEASE, self.url.encode())


def _patiently(step: Callable[[], _T]) -> _T:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return step()
        except StoreUnreachable:
            if time.monotonic() > give_up:
                raise
        time.sleep(PAUSE_SECONDS)
