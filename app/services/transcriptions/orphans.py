"""Recordings whose rows are gone come back: each waits in the queue again, to be read anew.

Texts, edits and what was recognised stood in the database that is gone; a recording lies on the disk with what its row
said when it came (store/files.py).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.domain.errors.transcriptions import AudioGone
from app.domain.options import TranscriptionOptions
from app.logging import event
from app.services.transcriptions.job_queue import AT_FIRST, Queue
from app.store.files.recordings import described
from app.store.files.upload_file import SOURCE_STEM
from app.store.queries import transcriptions

_log = logging.getLogger(__name__)


class Recovered(StrEnum):
    """What became of one recording."""

    QUEUED = "queued"
    """It has a row again and waits to be read."""
    REUNITED = "reunited"
    """Its row was there, its files were not: they are in their place again."""
    LEFT = "left"
    """There is a recording of this id already, or no sound in the folder: nothing was changed."""


def recover(queue: Queue, id: str) -> tuple[Recovered, str]:
    """Bring the orphan `id` back; return what became of it, and its name. When this returns, that is on the disk.

    Raises:
        DiskFull, DatabaseUnusable: it stays among the orphans.
    """
    try:
        with queue.files.adopting(id) as folder:
            return _settled(queue, id, folder)
    except (FileExistsError, FileNotFoundError, AudioGone):
        return Recovered.LEFT, id


def _settled(queue: Queue, id: str, folder: Path) -> tuple[Recovered, str]:
    with queue.database.reading() as connection:
        row = transcriptions.row_of(connection, id)
    if row is not None:
        return Recovered.REUNITED, str(row["name"])
    row = _row(folder)
    with queue.database.writing() as connection:
        transcriptions.add(connection, {"id": id, **row, **AT_FIRST})
    event(_log, logging.INFO, "recording_recovered", job=id, name=row["name"])
    queue.announce()
    return Recovered.QUEUED, str(row["name"])


def _row(folder: Path) -> dict[str, Any]:
    """Return the row as it was when the recording came, as far as the folder tells; the file itself knows best."""
    source = next(folder.glob(f"{SOURCE_STEM}*"), None)
    if source is None:
        raise AudioGone
    known, status = described(folder), source.stat()
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "name": _text(known, "name") or f"{folder.name}{source.suffix}",
        "suffix": source.suffix,
        "size_bytes": status.st_size,
        "sha256": digest,
        "source": _text(known, "source") or "api",
        "options": _options(known).to_dict(),
        "created_at": _moment(known) or datetime.fromtimestamp(status.st_mtime, UTC),
    }


def _text(known: Mapping[str, Any], name: str) -> str:
    value = known.get(name)
    return value if isinstance(value, str) else ""


def _options(known: Mapping[str, Any]) -> TranscriptionOptions:
    try:
        return TranscriptionOptions.from_dict(known["options"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return TranscriptionOptions()


def _moment(known: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(_text(known, "created_at"))
    except ValueError:
        return None
