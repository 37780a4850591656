"""Transcribes a recording again: a new transcription that shares the recording with the first."""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.domain.options import TranscriptionOptions
from app.domain.transcription import Transcription
from app.logging import event
from app.services.people.quotas import check_quotas
from app.services.transcription_rows import own_row
from app.services.transcriptions.job_queue import AT_FIRST, Queue
from app.store.queries import transcriptions
from app.store.rows import transcription_from

if TYPE_CHECKING:
    from app.store.database import Row

SHARED = ("name", "suffix", "size_bytes", "sha256", "channel_names")
"""What two transcriptions of one recording have in common."""

_log = logging.getLogger(__name__)


def retranscribe(queue: Queue, id: str, options: TranscriptionOptions, source: str) -> Transcription:
    """Queue the recording of `id` with other options. When this returns, it survives a power cut.

    Raises:
        TranscriptionNotFound
        AudioGone: its recording is no longer on the disk.
        DiskFull, QuotaReached: nothing of the new transcription is left behind.
    """
    row = _found(queue, id)
    again, new = secrets.token_hex(8), _row(row, options, source)
    try:
        with (
            queue.files.link_into_place(id, row["suffix"], again, new),
            queue.database.writing() as connection,
        ):
            transcriptions.add(connection, {"id": again, **new, **AT_FIRST})
            check_quotas(connection, source)
    except BaseException:
        queue.files.take_back(again)
        raise
    event(_log, logging.INFO, "job_submitted", job=again, name=row["name"], again_of=id)
    queue.announce()
    return queue.get(again)


def sibling_transcriptions(queue: Queue, record: Transcription) -> list[Transcription]:
    """Return all transcriptions of the recording of `record`, including itself, oldest first; without texts."""
    with queue.database.reading() as connection:
        return [transcription_from(row) for row in transcriptions.of_same_recording(connection, record.first_id)]


def _row(first: Row, options: TranscriptionOptions, source: str) -> Row:
    return {name: first[name] for name in SHARED} | {
        "source": source,
        "options": options.to_dict(),
        "created_at": datetime.now(UTC),
        "again_of": first["again_of"] or first["id"],
    }


def _found(queue: Queue, id: str) -> Row:
    with queue.database.reading() as connection:
        return own_row(connection, id)
