"""The settings that a person has changed on the page: one JSON file, written whole and renamed into place.

It knows names and values and not what they mean; a damaged file is told, never raised, so that the server starts.
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

SETTINGS_FILE = "settings.json"
LOCK_FILE = "settings.lock"
DAMAGED_FILE = "settings.json.damaged"
REFUSED_FILE = "settings-refused.json"
"""What the engine did not load with, and why: every process tells it, also after a restart."""


@dataclass(frozen=True, slots=True)
class KeptSettings:
    """What the file says."""

    values: Mapping[str, Any] = field(default_factory=dict)
    damage: str = ""
    """Why the file, or a part of it, was not read; empty where nothing is wrong."""


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Let no other process change the settings during the block.

    Raises:
        OSError: the data folder cannot be written.
    """
    with in_turn(data_dir / LOCK_FILE):
        yield


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
    _write(data_dir / SETTINGS_FILE, values)


def set_damaged_aside(data_dir: Path) -> None:
    """Keep a copy of a file that could not be read, before it is written anew.

    Raises:
        OSError: it cannot be written.
    """
    with suppress(FileNotFoundError):
        shutil.copyfile(data_dir / SETTINGS_FILE, data_dir / DAMAGED_FILE)


def read_refused(data_dir: Path) -> Mapping[str, Any] | None:
    """Return what `write_refused` kept last; None where nothing was refused, or nobody can read it."""
    with suppress(OSError, ValueError):
        refused = json.loads((data_dir / REFUSED_FILE).read_text(encoding="utf-8"))
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
