"""Export of a batch as one file; each transcript is read only when it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.domain.errors.transcriptions import NotFinished, TranscriptionNotFound
from app.domain.transcript import Transcript
from app.formats.archive import Member
from app.services.batches.batches import Batches, BatchItem
from app.services.transcriptions.job_queue import Queue


def batch_members(
    queue: Queue, book: Batches, id: str, translate: Callable[[str], str], *, with_textless: bool
) -> Iterator[Member]:
    """Yield the recordings of a batch in their order, a duplicate with the text of the other one.

    `with_textless` adds recordings without text, with the reason in the language of `translate`.
    """
    created_at = book.get(id).created_at
    for item in book.every_item(id):
        transcript = transcript_of(queue, item)
        if transcript or with_textless:
            error = item.error.explained(translate)["message"] if item.error else ""
            yield Member(item.name, item.state.value, created_at, transcript, error)


def transcript_of(queue: Queue, item: BatchItem) -> Transcript | None:
    """Return the transcript of an item, or None if there is none yet."""
    if item.source_id is None:
        return None
    try:
        return queue.transcript(item.source_id)
    except (NotFinished, TranscriptionNotFound):
        return None
