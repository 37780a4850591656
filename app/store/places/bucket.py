"""A folder of an object store that speaks S3: keys, region and endpoint come from the usual AWS_* variables."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store

from app.domain.errors.archive import ArchiveInUse, PlaceUnreachable
from app.domain.errors.audio import FileUnreadable
from app.periodic import Periodic
from app.store.files.storage_errors import storage_errors
from app.store.places import Entry

if TYPE_CHECKING:
    from obstore.store import RetryConfig

LOCK_NAME = ".in-use.lock"
RENEWED_SECONDS = 20.0
ABANDONED_SECONDS = 120.0  # without renewal; more than the clocks of two machines differ
RETRIES: RetryConfig = {"max_retries": 8, "retry_timeout": timedelta(seconds=90)}  # a store that is away for a minute


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """See Place."""

    url: str
    store: S3Store

    @classmethod
    def at(cls, address: str) -> BucketPlace:
        """Return the place of s3://BUCKET/PREFIX.

        Raises:
            PlaceUnreachable: the address or a variable is not understood.
        """
        is_plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        with _told(address):
            return cls(
                address, S3Store.from_url(address, client_options={"allow_http": is_plain}, retry_config=RETRIES)
            )

    def entries(self, folder: str = "") -> Iterator[Entry]:
        with _told(self.url):
            for page in obstore.list(self.store, prefix=folder or None):
                for found in page:
                    version = found["e_tag"] or str(found["last_modified"])
                    yield Entry(found["path"], found["size"], version)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="funasr-") as folder:
            copy = Path(folder, f"source{PurePosixPath(name).suffix}")
            self._copy(name, copy)
            yield copy

    def read(self, name: str) -> bytes | None:
        with _told(self.url):
            try:
                return bytes(obstore.get(self.store, name).bytes())
            except (NotFoundError, FileNotFoundError):
                return None

    def write(self, name: str, content: bytes) -> None:
        with _told(self.url):
            obstore.put(self.store, name, content)

    def remove(self, name: str) -> None:
        with _told(self.url), suppress(NotFoundError, FileNotFoundError):
            obstore.delete(self.store, name)

    @contextmanager
    def held_alone(self) -> Iterator[None]:
        """Hold a lease: an object that nobody else may create, renewed while it is held."""
        self._take()
        try:
            with Periodic("archive-lease", self._renew, RENEWED_SECONDS, at_once=False).running():
                yield
        finally:
            self.remove(LOCK_NAME)

    def _copy(self, name: str, target: Path) -> None:
        with _told(self.url):
            try:
                found = obstore.get(self.store, name)
            except (NotFoundError, FileNotFoundError) as error:
                raise FileUnreadable(file=f"{self.url}/{name}", reason="No such file") from error
            with storage_errors(target.parent), target.open("wb") as file:
                for piece in found.stream():
                    file.write(piece)

    def _take(self) -> None:
        """Create the lease, or take over one that nobody renews any more."""
        with _told(self.url):
            try:
                obstore.put(self.store, LOCK_NAME, b"", mode="create")
            except AlreadyExistsError:
                former = obstore.head(self.store, LOCK_NAME)
                if (datetime.now(UTC) - former["last_modified"]).total_seconds() < ABANDONED_SECONDS:
                    raise ArchiveInUse(place=self.url) from None
                self._renew()

    def _renew(self) -> None:
        with _told(self.url):
            obstore.put(self.store, LOCK_NAME, b"")


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Convert the errors of the store."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise PlaceUnreachable(place=place, reason=str(error).splitlines()[0]) from error
