"""Export of many transcripts as one file; each is read only when written, deleted ones are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from app.domain.errors.transcriptions import NotFinished, TranscriptionNotFound
from app.domain.transcription import Transcription
from app.formats.archive import Member
from app.services.transcriptions.job_queue import Queue


def members(
    queue: Queue,
    ids: Iterable[str],
    translate: Callable[[str], str] = str,
    name_of: Callable[[Transcription], str] = lambda record: record.name,
) -> Iterator[Member]:
    """Yield these transcriptions as archive members, in order; errors in the language of `translate`."""
    for id in ids:
        try:
            record = queue.get(id)
            yield _member(queue, record, translate, name_of(record))
        except TranscriptionNotFound:
            continue


def _member(queue: Queue, record: Transcription, translate: Callable[[str], str], name: str) -> Member:
    error = record.error.explained(translate)["message"] if record.error else ""
    try:
        transcript = queue.transcript(record.id, translate)
    except NotFinished:
        transcript = None
    return Member(name, record.state.value, record.created_at, transcript, error)
