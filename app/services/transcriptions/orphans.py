"""Recovery of recordings whose rows are gone: each is queued again.

Texts and edits were lost with the database; the recording is on disk together with its row at the time of the upload
(store/files).
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
from app.store.files.description import described
from app.store.files.upload_file import SOURCE_STEM
from app.store.queries import transcriptions

_log = logging.getLogger(__name__)


class Recovered(StrEnum):
    """Outcome for one recording."""

    QUEUED = "queued"
    """It has a row again and waits in the queue."""
    REUNITED = "reunited"
    """Its row existed without files: they are back in place."""
    LEFT = "left"
    """A recording with this id exists already, or the folder has no audio: nothing was changed."""


def recover(queue: Queue, id: str) -> tuple[Recovered, str]:
    """Recover the orphan `id`; return the outcome and its name. When this returns, the outcome is on disk.

    Raises:
        DiskFull, DatabaseUnusable: it remains an orphan.
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
    """Return the row at the time of the upload, as far as the folder records it; the file itself takes precedence."""
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
        "channel_names": _names(known),
        "created_at": _moment(known) or datetime.fromtimestamp(status.st_mtime, UTC),
    }


def _text(known: Mapping[str, Any], name: str) -> str:
    value = known.get(name)
    return value if isinstance(value, str) else ""


def _names(known: Mapping[str, Any]) -> list[str]:
    names = known.get("channel_names")
    return [str(name) for name in names] if isinstance(names, list) else []


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
