"""Checksums of files: those announced by a hub, and SHA256SUMS, written when a model is complete."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from app.hubs import RemoteFile

CHECKSUMS_NAME = "SHA256SUMS"
CHUNK_BYTES = 256 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_sha256(text: str) -> bool:
    return bool(_SHA256.fullmatch(text))


def is_as_announced(path: Path, file: RemoteFile, promised_sha256: str = "") -> bool:
    """Return whether `path` matches the checksums of `file`; without any it counts as correct."""
    if sha256 := file.sha256 or promised_sha256:
        return sha256_of(path) == sha256.lower()
    if file.git_sha1:
        return _git_sha1_of(path) == file.git_sha1
    return True


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS of all files in `folder`, in the format of sha256sum."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in names if name != CHECKSUMS_NAME]
    (folder / CHECKSUMS_NAME).write_text("".join(lines), encoding="utf-8")


def changed_files(folder: Path) -> list[str] | None:
    """Return the files that differ from SHA256SUMS or are missing; None without checksums."""
    checksums = folder / CHECKSUMS_NAME
    if not checksums.is_file():
        return None
    return [name for name, sha256 in _listed(checksums) if not _has(folder / name, sha256)]


def _listed(checksums: Path) -> Iterator[tuple[str, str]]:
    for line in checksums.read_text(encoding="utf-8").splitlines():
        sha256, _, name = line.partition(" ")
        if is_sha256(sha256):
            yield name.lstrip(" *"), sha256


def _has(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _git_sha1_of(path: Path) -> str:
    """Return the git object id of the file."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK_BYTES), b""):
            digest.update(chunk)
    return digest.hexdigest()
