"""Disk usage by kind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from app.store.files.decoded_audio import FOLDER as DECODED_FOLDER
from app.store.files.vad_folders import VAD_FOLDER

BLOCK_BYTES = 512  # of st_blocks, whatever the file system's blocks are


def storage_used(data_dir: Path, log_dir: Path, models_dir: Path, database_bytes: int) -> dict[str, int]:
    """Return the bytes of the database, as told, recordings, logs and models, and the free space for recordings.

    Linked models are not counted, and samples that can be made again are counted apart from the recordings.
    """
    apart = (data_dir / VAD_FOLDER, data_dir / DECODED_FOLDER, log_dir, models_dir)
    folders = [folder for folder in data_dir.iterdir() if folder.is_dir() and folder not in apart]
    return {
        "database_bytes": database_bytes,
        "recordings_bytes": sum(folder_bytes(folder) for folder in folders),
        "decoded_bytes": folder_bytes(data_dir / DECODED_FOLDER),
        "vad_bytes": folder_bytes(data_dir / VAD_FOLDER),
        "logs_bytes": folder_bytes(log_dir),
        "models_bytes": folder_bytes(models_dir),
        "free_bytes": shutil.disk_usage(data_dir).free,
    }


def folder_bytes(folder: Path) -> int:
    """Return what all files below `folder` take, ignoring those that vanish meanwhile; holes of silence take nothing."""
    total = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            try:
                facts = os.lstat(Path(place, name))
            except OSError:
                continue
            blocks = getattr(facts, "st_blocks", None)  # which Windows does not tell
            total += facts.st_size if blocks is None else min(facts.st_size, blocks * BLOCK_BYTES)
    return total
