"""The zip of a case: written atomically, and treated as untrusted when read.

manifest.json lists every other file with size and checksum. Nothing is unpacked under a name from the zip.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app import __version__
from app.atomic import appearing
from app.domain.errors.base import N_
from app.domain.errors.cases import CaseDamaged, CaseUnreadable
from app.free_space import keep_reserve
from app.hubs.checksums import sha256_of
from app.store.files.storage_errors import storage_errors
from app.support.case import FORMAT, FORMAT_VERSION, MANIFEST_NAME, Part
from app.support.redaction import Redaction

LARGEST_TEXT_BYTES = 256 * 2**20  # ten times the words of a day of speech
LARGEST_FILE_BYTES = 2**50
CHUNK_BYTES = 2**20
DAMAGE = (
    *(LookupError, EOFError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError, OSError),
    *(struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
"""What zipfile and json raise at a file that was changed."""


def manifest_of(parts: Iterable[Part], redactions: Iterable[Redaction], facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "program_version": __version__,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **facts,
        "files": [
            {"name": part.name, "what": part.what, "size": part.size, "sha256": _sha256(part.content)} for part in parts
        ],
        "redactions": [asdict(redaction) for redaction in redactions],
    }


def write_archive(parts: list[Part], manifest: Mapping[str, Any], target: Path) -> None:
    """Write the zip beside `target` and rename it into place.

    Raises:
        DiskFull: there is no room for it.
        OSError: the folder cannot be written.
    """
    with (
        storage_errors(target.parent),
        appearing(target) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(MANIFEST_NAME, as_json(manifest))
        for part in parts:
            keep_reserve(file.parent, part.size)
            _add(archive, part)
        file.chmod(0o600)


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()


class CaseArchive:
    """A case opened for reading."""

    def __init__(self, file: Path, archive: zipfile.ZipFile, manifest: Mapping[str, Any]) -> None:
        self.file = file
        self.manifest = manifest
        self._archive = archive

    def json(self, name: str) -> Any:
        """Return the content of a JSON file of the case; None if absent.

        Raises:
            CaseDamaged: it is not what the manifest promises.
        """
        if name not in self._promised():
            return None
        try:
            return json.loads(self._read(name))
        except (ValueError, RecursionError) as error:
            raise CaseDamaged(file=str(self.file), names=name) from error

    def copy(self, name: str, target: Path) -> None:
        """Write a file of the case to `target`.

        Raises:
            CaseDamaged: it is not what the manifest promises.
            DiskFull: there is no room for it.
        """
        promised = self._promised()[name]
        digest = hashlib.sha256()
        left = promised["size"]
        with self._open(name) as source, storage_errors(target.parent), target.open("wb") as copy:
            while chunk := source.read(min(CHUNK_BYTES, left + 1)):
                left -= len(chunk)
                if left < 0:
                    break
                digest.update(chunk)
                keep_reserve(target.parent, len(chunk))
                copy.write(chunk)
        if left or digest.hexdigest() != promised["sha256"]:
            raise CaseDamaged(file=str(self.file), names=name)

    def check(self) -> None:
        """Compare every file with the manifest.

        Raises:
            CaseDamaged: a file differs, is missing, or was added.
        """
        promised = self._promised()
        there = set(self._archive.namelist()) - {MANIFEST_NAME}
        wrong = sorted(there ^ set(promised)) + [name for name in there & set(promised) if not self._is_whole(name)]
        if wrong:
            raise CaseDamaged(file=str(self.file), names=", ".join(wrong[:5]))

    def _is_whole(self, name: str) -> bool:
        promised = self._promised()[name]
        digest, left = hashlib.sha256(), promised["size"]
        with self._open(name) as source:
            while chunk := source.read(min(CHUNK_BYTES, left + 1)):
                left -= len(chunk)
                if left < 0:
                    return False
                digest.update(chunk)
        return bool(left == 0 and digest.hexdigest() == promised["sha256"])

    def _read(self, name: str) -> bytes:
        promised = self._promised()[name]
        if promised["size"] > LARGEST_TEXT_BYTES:
            raise CaseDamaged(file=str(self.file), names=name)
        with self._open(name) as source:
            content: bytes = source.read(promised["size"] + 1)
        if hashlib.sha256(content).hexdigest() != promised["sha256"]:
            raise CaseDamaged(file=str(self.file), names=name)
        return content

    @contextmanager
    def _open(self, name: str) -> Iterator[Any]:
        try:
            with self._archive.open(name) as source:
                yield source
        except DAMAGE as error:
            raise CaseDamaged(file=str(self.file), names=name) from error

    def _promised(self) -> dict[str, Any]:
        return {file["name"]: file for file in self.manifest["files"]}


@contextmanager
def open_archive(file: Path) -> Iterator[CaseArchive]:
    """Open a case and read its manifest.

    Raises:
        CaseUnreadable: not a case, or made by a newer version.
    """
    try:
        archive = zipfile.ZipFile(file)
    except OSError as error:
        raise CaseUnreadable(file=str(file), reason=error.strerror or str(error)) from error
    except DAMAGE as error:
        raise CaseUnreadable(file=str(file), reason=N_("it is not a whole zip file")) from error
    with archive:
        _check_size(file, archive)
        yield CaseArchive(file, archive, _manifest(file, archive))


def _check_size(file: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a zip bomb: audio is stored uncompressed, and texts are bounded."""
    if sum(each.file_size for each in archive.infolist()) > file.stat().st_size + LARGEST_TEXT_BYTES:
        raise CaseUnreadable(file=str(file), reason=N_("it would unpack to far more than a case can be"))


def _manifest(file: Path, archive: zipfile.ZipFile) -> Mapping[str, Any]:
    try:
        with archive.open(MANIFEST_NAME) as source:
            manifest = json.loads(source.read(LARGEST_TEXT_BYTES))
        is_case = manifest["format"] == FORMAT
        version = int(manifest["format_version"])
        _check_listed(manifest["files"])
    except DAMAGE as error:
        raise CaseUnreadable(file=str(file), reason=N_("it has no manifest of a case")) from error
    if not is_case:
        raise CaseUnreadable(file=str(file), reason=N_("it has no manifest of a case"))
    if version > FORMAT_VERSION:
        raise CaseUnreadable(file=str(file), reason=N_("a newer version of this program made it"))
    return dict(manifest)


def _check_listed(files: Any) -> None:
    for file in files:
        is_size = isinstance(file["size"], int) and 0 <= file["size"] < LARGEST_FILE_BYTES
        if not (isinstance(file["name"], str) and isinstance(file["sha256"], str) and is_size):
            raise TypeError(file)


def _add(archive: zipfile.ZipFile, part: Part) -> None:
    if isinstance(part.content, Path):
        archive.write(part.content, part.name, zipfile.ZIP_STORED)  # audio does not compress
    else:
        archive.writestr(part.name, part.content)


def _sha256(content: bytes | Path) -> str:
    return sha256_of(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest()
