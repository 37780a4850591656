"""Disk usage by kind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from app.store.database import DATABASE_NAME
from app.store.files.vad_folders import VAD_FOLDER


def storage_used(data_dir: Path, log_dir: Path, models_dir: Path) -> dict[str, int]:
    """Return the bytes of database, recordings, logs and models, and the free space for recordings.

    Linked models are not counted.
    """
    database = sum(file.stat().st_size for file in data_dir.glob(f"{DATABASE_NAME}*"))
    apart = (data_dir / VAD_FOLDER, log_dir, models_dir)
    folders = [folder for folder in data_dir.iterdir() if folder.is_dir() and folder not in apart]
    return {
        "database_bytes": database,
        "recordings_bytes": sum(folder_bytes(folder) for folder in folders),
        "vad_bytes": folder_bytes(data_dir / VAD_FOLDER),
        "logs_bytes": folder_bytes(log_dir),
        "models_bytes": folder_bytes(models_dir),
        "free_bytes": shutil.disk_usage(data_dir).free,
    }


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below `folder`, ignoring those that vanish meanwhile."""
    total = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(Path(place, name)).st_size
            except OSError:
                continue
    return total
