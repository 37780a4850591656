"""The settings changed on the settings page: one JSON file, written atomically.

Names and values are not interpreted here; a damaged file is reported, never raised, so that the server starts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.atomic import write_atomically
from app.locks import in_turn
from app.stored_json import read_json

SETTINGS_FILE = "settings.json"
LOCK_FILE = "settings.lock"
DAMAGED_FILE = "settings.json.damaged"
REFUSED_FILE = "settings-refused.json"
"""The settings with which the engine did not load, and why: shared by all processes, and kept after a restart."""


@dataclass(frozen=True, slots=True)
class KeptSettings:
    """Contents of the file."""

    values: Mapping[str, Any] = field(default_factory=dict)
    damage: str = ""
    """Why the file, or a part of it, was not read; empty if it was."""


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Prevent other processes from changing the settings during the block.

    Raises:
        OSError: the data folder cannot be written.
    """
    with in_turn(data_dir / LOCK_FILE):
        yield


def read_kept(data_dir: Path) -> KeptSettings:
    """Return what was changed on the page; empty without a file."""
    try:
        values = read_json(data_dir / SETTINGS_FILE)
    except FileNotFoundError:
        return KeptSettings()
    except (OSError, ValueError) as error:
        return KeptSettings(damage=str(error))
    if not isinstance(values, dict):
        return KeptSettings(damage=f"{type(values).__name__} instead of an object")
    return KeptSettings(values)


def write_kept(data_dir: Path, values: Mapping[str, Any]) -> None:
    """Replace the file's values atomically: after a power cut it has either the old or the new ones.

    Raises:
        OSError: it cannot be written.
    """
    _write(data_dir / SETTINGS_FILE, values)


def set_damaged_aside(data_dir: Path) -> None:
    """Keep a copy of an unreadable file before it is overwritten.

    Raises:
        OSError: it cannot be written.
    """
    with suppress(FileNotFoundError):
        shutil.copyfile(data_dir / SETTINGS_FILE, data_dir / DAMAGED_FILE)


def read_refused(data_dir: Path) -> Mapping[str, Any] | None:
    """Return what `write_refused` stored last; None if nothing was refused, or it is unreadable."""
    with suppress(OSError, ValueError):
        refused = read_json(data_dir / REFUSED_FILE)
        return refused if isinstance(refused, dict) else None
    return None


def write_refused(data_dir: Path, refused: Mapping[str, Any] | None) -> None:
    """Keep what the engine did not load with; None forgets it.

    Raises:
        OSError: it cannot be written.
    """
    if refused is None:
        (data_dir / REFUSED_FILE).unlink(missing_ok=True)
    else:
        _write(data_dir / REFUSED_FILE, refused)


def _write(file: Path, values: Mapping[str, Any]) -> None:
    write_atomically(file, json.dumps(dict(values), ensure_ascii=False, indent=2, sort_keys=True))
