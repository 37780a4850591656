"""Folders with the networks that tell speakers apart: which files belong to one. Imports nothing heavy."""

from __future__ import annotations

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
