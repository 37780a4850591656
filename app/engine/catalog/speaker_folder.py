"""Folders with the networks that tell speakers apart: which files belong to one. Imports nothing heavy."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileMissing, ModelFileUnreadable

EMBEDDING_FILE = "campplus_cn_en_common.pt"
"""CAM++ for Chinese and English, under the name of its publisher."""
SEGMENTATION_FILE = "segmentation-3.0.bin"
"""pyannote's segmentation-3.0, which its publisher calls pytorch_model.bin."""
FILES = (EMBEDDING_FILE, SEGMENTATION_FILE)


def is_speaker_folder(folder: Path) -> bool:
    """Return whether one of the files is there, even if the other is missing."""
    return any((folder / name).is_file() for name in FILES)


def require_files(folder: Path) -> None:
    """Check that both files exist and are not empty.

    Raises:
        ModelFileMissing, ModelFileUnreadable
    """
    for name in FILES:
        if not (folder / name).is_file():
            raise ModelFileMissing(folder=str(folder), file=name)
        if not (folder / name).stat().st_size:
            raise ModelFileUnreadable(file=str(folder / name), reason=N_("it is empty"))


def voice_model(folder: Path) -> str:
    """Return the name of the network that hears voices, with its checksum: vectors of two networks mean two things.

    Raises:
        ModelFileMissing, ModelFileUnreadable
    """
    require_files(folder)
    file = folder / EMBEDDING_FILE
    status = file.stat()
    return f"CAM++ {_checksum(file, status.st_size, status.st_mtime_ns)[:16]}"


@lru_cache(maxsize=4)
def _checksum(file: Path, _size: int, _changed_ns: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
