"""Who speaks on the channels of a recording, as a person says it."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.transcription import Transcription
from app.services.transcription_rows import own_row
from app.services.transcriptions.job_queue import Queue
from app.store.queries import transcriptions


def name_channels(queue: Queue, id: str, names: Sequence[str]) -> Transcription:
    """Name the channels, in their order, on the page and in every file that is exported; empty: its number.

    Raises:
        TranscriptionNotFound
    """
    with queue.database.writing() as connection:
        own_row(connection, id)
        transcriptions.change(connection, id, channel_names=[name.strip() for name in names])
    return queue.get(id)
