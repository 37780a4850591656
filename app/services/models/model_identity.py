"""Identity of a model: its files with checksums, and one checksum over all that affect its output."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.domain.errors.base import AppError
from app.engine.catalog.registry import identify
from app.hubs.checksums import CHECKSUMS_NAME, sha256_of

FILES_REMEMBERED = 256
BESIDE_THE_POINT = (CHECKSUMS_NAME, "README.md", "golden.json", "golden.flac", ".gitattributes", "LICENSE")


def describe_model(folder: Path) -> dict[str, Any]:
    """Return name, kind, files and checksums of a model folder; for an unusable one, the reason."""
    told: dict[str, Any] = {"name": folder.resolve().name, "folder": str(folder)}
    try:
        found = identify(folder)
    except AppError as error:
        return told | {"problem": error.problem.explained()}
    files = _files(folder)
    return told | {
        "kind": found.kind.value,
        "architecture": found.architecture,
        "languages": list(found.languages),
        "abilities": list(found.abilities),
        "checksum": _overall(files),
        "files": files,
    }


def model_checksum(folder: Path) -> str:
    """Return one checksum over names and contents; models with the same output share it."""
    return _overall(_files(folder))


def _files(folder: Path) -> list[dict[str, Any]]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in BESIDE_THE_POINT)
    return [
        {"name": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "sha256": _checksum(path)}
        for path in paths
    ]


def _checksum(path: Path) -> str:
    status = path.stat()
    return _remembered(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=FILES_REMEMBERED)  # gigabytes of weights are read once, and again only if they change
def _remembered(path: Path, _size: int, _changed_ns: int) -> str:
    return sha256_of(path)


def _overall(files: list[dict[str, Any]]) -> str:
    listed = "".join(f"{file['sha256']}  {file['name']}\n" for file in files)
    return hashlib.sha256(listed.encode()).hexdigest()
