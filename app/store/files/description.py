"""The description beside a recording: its row at the time of the upload (name, options, time, checksum).

Until the row is stored it is called arriving.json: the upload has not been acknowledged yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.stored_json import read_json

ARRIVING_NAME = "arriving.json"
RECORDING_NAME = "recording.json"


def describe(folder: Path, row: Mapping[str, Any]) -> None:
    """Write the description of a recording whose row is not stored yet."""
    (folder / ARRIVING_NAME).write_bytes(description(row))


def description(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=str).encode()


def described(folder: Path) -> dict[str, Any]:
    """Return the recording's row at the time of the upload; empty without a usable description in `folder`."""
    try:
        found = read_json(folder / RECORDING_NAME)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
