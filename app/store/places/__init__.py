"""Folders outside the data folder, on disk or in an object store, by one set of operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from app.domain.archive import ListedFile
from app.domain.errors.batches import PlaceUnknown
from app.domain.errors.setup import PackageMissing

__all__ = ["Place", "place_at"]


class Place(Protocol):
    """Files by name. Every method raises StoreUnusable or an error of storage_errors where the place fails."""

    @property
    def url(self) -> str:
        """What it is called."""
        ...

    def files(self, folder: str = "") -> Iterator[ListedFile]:
        """Yield the files below a folder of it, in any order."""
        ...

    def local(self, name: str) -> AbstractContextManager[Path]:
        """Give the path of a file on this machine for the block.

        Raises:
            FileUnreadable: there is no such file, or it may not be read.
        """
        ...

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole, or leave what was there."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def held_alone(self) -> AbstractContextManager[None]:
        """Keep other writers away for the block, as far as the place can do that.

        Raises:
            ArchiveInUse
        """
        ...


def place_at(address: str) -> Place:
    """Return the place of a path or a URL.

    Raises:
        PlaceUnknown: a URL of an unknown kind.
        PackageMissing: its library is not installed.
    """
    scheme, parted, _ = address.partition("://")
    if not parted:
        from app.store.places.folder import FolderPlace

        return FolderPlace(Path(address).absolute())
    if scheme == "s3":
        if find_spec("obstore") is None:
            raise PackageMissing(wanted=address, package="obstore", extra="s3")
        from app.store.objects.bucket import Bucket
        from app.store.places.bucket_place import BucketPlace

        return BucketPlace(Bucket(address))
    raise PlaceUnknown(place=address)
