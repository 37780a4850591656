"""Files for people, outside of the data folder: each is there whole, or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import DiskFull, FolderUnwritable
from app.store.files.upload_file import sync_file


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Give `target` a name beside it to be written under; it appears, whole, when the block ends well."""
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
        sync_file(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def write_whole(target: Path, content: str | bytes) -> None:
    """Write beside the target and rename, so that nobody ever finds half a text.

    Raises:
        DiskFull
        FolderUnwritable
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with appearing(target) as part:
            part.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(folder=str(target.parent)) from error
        raise FolderUnwritable(folder=str(target.parent), reason=error.strerror) from error
