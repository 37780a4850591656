"""The settings that a person has changed on the page: one JSON file, written whole and renamed into place.

It knows names and values and not what they mean; a damaged file is told, never raised, so that the server starts.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETTINGS_FILE = "settings.json"


@dataclass(frozen=True, slots=True)
class KeptSettings:
    """What the file says."""

    values: Mapping[str, Any] = field(default_factory=dict)
    damage: str = ""
    """Why the file, or a part of it, was not read; empty where nothing is wrong."""


def read_kept(data_dir: Path) -> KeptSettings:
    """Return what was changed on the page; nothing where no file is there."""
    try:
        values = json.loads((data_dir / SETTINGS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return KeptSettings()
    except (OSError, ValueError) as error:
        return KeptSettings(damage=str(error))
    if not isinstance(values, dict):
        return KeptSettings(damage=f"{type(values).__name__} instead of an object")
    return KeptSettings(values)


def write_kept(data_dir: Path, values: Mapping[str, Any]) -> None:
    """Put `values` in place of what the file says; after a power cut it holds the old ones or the new ones.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, name = tempfile.mkstemp(dir=data_dir, prefix=f"{SETTINGS_FILE}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dict(values), file, ensure_ascii=False, indent=2, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(data_dir / SETTINGS_FILE)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    _flush_folder(data_dir)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # the new name, too
    finally:
        os.close(descriptor)
