"""A folder on this machine, or one that several machines share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.archive import ListedFile
from app.domain.errors.audio import FileUnreadable
from app.domain.errors.batches import ArchiveInUse
from app.locks import hold_alone
from app.store.files.output_files import shortened, write_whole
from app.store.files.storage_errors import storage_errors

LOCK_NAME = ".in-use.lock"


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """See Place."""

    folder: Path

    @property
    def url(self) -> str:
        return str(self.folder)

    def files(self, folder: str = "") -> Iterator[ListedFile]:
        """Links are not followed."""
        with storage_errors(self.folder):
            for place, _, names in os.walk(self.folder / folder):
                for name in names:
                    yield from self._listed(Path(place, name))

    def _listed(self, path: Path) -> Iterator[ListedFile]:
        try:
            status = path.lstat()
        except FileNotFoundError:  # removed since it was listed
            return
        name = path.relative_to(self.folder).as_posix()
        if path.is_file() and not path.is_symlink() and name.isprintable():
            yield ListedFile(name, status.st_size, str(status.st_mtime_ns))

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        path = self._path(name)
        try:
            path.open("rb").close()
        except OSError as error:
            raise FileUnreadable(file=str(path), reason=error.strerror) from error
        yield path

    def read(self, name: str) -> bytes | None:
        with storage_errors(self.folder):
            try:
                return self._path(name).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        write_whole(self.folder / name, content)  # shortens it likewise

    def remove(self, name: str) -> None:
        with storage_errors(self.folder):
            self._path(name).unlink(missing_ok=True)

    @contextmanager
    def held_alone(self) -> Iterator[None]:
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            hold = hold_alone(self.folder / LOCK_NAME)
        if hold is None:
            raise ArchiveInUse(place=self.url)
        try:
            yield
        finally:
            os.close(hold)

    def _path(self, name: str) -> Path:
        path = self.folder / name
        return path.with_name(shortened(path.name))
