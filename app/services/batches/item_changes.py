"""Changes many recordings of a batch at once: those that a person has ticked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from app.domain.errors.transcriptions import AudioGone, NotCancellable, NotRetriable, TranscriptionNotFound
from app.domain.errors.uploads import UploadNotFound
from app.logging import event
from app.services.batches.batches import found_batch
from app.services.batches.ingest import try_again
from app.services.batches.uploads import BatchUploads
from app.services.transcriptions.job_queue import Queue
from app.store.database import Row
from app.store.queries import batch_items

ItemAction: TypeAlias = Literal["cancel", "retry", "remove"]

_log = logging.getLogger(__name__)


def change_items(uploads: BatchUploads, id: str, action: ItemAction, items: Sequence[str]) -> int:
    """Change those of `items` to which the action applies; return how many these were.

    What is removed goes to the trash with its transcription; an upload is given up.

    Raises:
        BatchNotFound
    """
    queue = uploads.queue
    with queue.database.reading() as connection:
        found_batch(connection, id)
        rows = batch_items.among(connection, id, items)
    count = _remove(uploads, rows) if action == "remove" else sum(_change_job(queue, row, action) for row in rows)
    event(_log, logging.INFO, "batch_items_changed", batch=id, action=action, count=count)
    return count


def _change_job(queue: Queue, row: Row, action: ItemAction) -> bool:
    job = row["transcription_id"]
    if job is None:
        return action == "retry" and _try_again(queue, row)
    try:
        if action == "cancel":
            queue.cancel(job)
        else:
            queue.retry(job)
    except (NotCancellable, NotRetriable, AudioGone, TranscriptionNotFound):
        return False
    return True


def _try_again(queue: Queue, row: Row) -> bool:
    with queue.database.writing() as connection:
        return try_again(connection, row["batch_id"], row["id"]) > 0


def _remove(uploads: BatchUploads, rows: Sequence[Row]) -> int:
    jobs = [row["transcription_id"] for row in rows if row["transcription_id"]]
    with uploads.queue.database.writing() as connection:
        count = uploads.queue.put_in_trash(connection, jobs, datetime.now(UTC))
    for row in rows:
        if not row["transcription_id"]:
            with suppress(UploadNotFound):
                uploads.give_up(row["id"])
                count += 1
    return count
