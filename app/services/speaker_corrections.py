"""Speakers of a transcription: told apart later, named and corrected by people. Texts and edits stay as they are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import NotFinished
from app.domain.options import MOST_SPEAKERS, TranscriptionOptions
from app.domain.speakers import Speakers
from app.domain.states import JobState
from app.domain.transcription import Transcription
from app.logging import event
from app.services.transcription_rows import correctable_row, own_row
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.transitions import relabelled
from app.store.queries import diarizations, transcriptions

LONGEST_NAME = 60

_log = logging.getLogger(__name__)


def tell_speakers_apart(queue: Queue, id: str, asked: str) -> Transcription:
    """Queue a transcription again for its speakers only: what has been recognised is not recognised again.

    However that ends, its text can be exported meanwhile, and its end is told to nobody a second time.

    Raises:
        TranscriptionNotFound
        NotFinished: it is waiting or running.
        AudioGone: its recording is no longer on the disk.
    """
    queue.source_path(id)
    with queue.database.writing() as connection:
        row = own_row(connection, id)
        if row["state"] in (JobState.QUEUED, JobState.RUNNING):
            raise NotFinished(state=row["state"])
        options = replace(TranscriptionOptions.from_dict(row["options"]), speakers=asked)
        order = transcriptions.next_revision(connection)
        transcriptions.change(connection, id, **relabelled(row), options=options.to_dict(), queue_order=order)
    event(_log, logging.INFO, "speakers_asked", job=id, speakers=asked)
    queue.announce()
    return queue.get(id)


def name_speaker(queue: Queue, id: str, speaker: int, name: str) -> Speakers:
    """Name a speaker for the whole recording; an empty name takes it away.

    Raises:
        TranscriptionNotFound
        InvalidParameter: there is no such speaker, or the name is too long.
    """
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise InvalidParameter(name="name", reason=N_("it is longer than 60 characters"))
    return _change(queue, id, lambda speakers: speakers.named(_known(speakers, speaker), name))


def merge_speakers(queue: Queue, id: str, speaker: int, into: int) -> Speakers:
    """Make one speaker of two.

    Raises:
        TranscriptionNotFound
        InvalidParameter: there is no such speaker, or both are the same.
    """
    if speaker == into:
        raise InvalidParameter(name="into", reason=N_("it is the same speaker"))
    return _change(
        queue, id, lambda speakers: speakers.merged(_known(speakers, speaker), _known(speakers, into, "into"))
    )


def split_speaker(queue: Queue, id: str, speaker: int, since: float) -> Speakers:
    """Give the turns of a speaker that end after `since` to a new one.

    Raises:
        TranscriptionNotFound
        InvalidParameter: there is no such speaker, nothing is left for one of the two, or there are too many.
    """

    def change(speakers: Speakers) -> Speakers:
        parted = speakers.split(_known(speakers, speaker), since)
        if len(parted.numbers) != len(speakers.numbers) + 1:
            raise InvalidParameter(name="since", reason=N_("all turns of the speaker are on one side of it"))
        _refuse_too_many(parted)
        return parted

    return _change(queue, id, change)


def move_turn(queue: Queue, id: str, start: float, end: float, speaker: int) -> Speakers:
    """Give all that is said between two times to one speaker; the number after the last one is a new one.

    Raises:
        TranscriptionNotFound
        InvalidParameter: there is no such speaker, or the times do not fit.
    """
    if not 0 <= start < end:
        raise InvalidParameter(name="end", reason=N_("it must be after the start"))

    def change(speakers: Speakers) -> Speakers:
        if speaker != max(speakers.numbers, default=0) + 1:
            _known(speakers, speaker)
        moved = speakers.moved(start, end, speaker)
        _refuse_too_many(moved)
        return moved

    return _change(queue, id, change)


def _change(queue: Queue, id: str, change: Callable[[Speakers], Speakers]) -> Speakers:
    with queue.database.writing() as connection:
        correctable_row(connection, id)
        speakers = change(diarizations.of(connection, id))
        diarizations.change(connection, id, speakers)
        transcriptions.change(connection, id)  # open pages hear of it
    event(_log, logging.INFO, "speakers_corrected", job=id)
    return speakers


def _known(speakers: Speakers, number: int, name: str = "speaker") -> int:
    if number not in speakers.numbers:
        raise InvalidParameter(name=name, reason=N_("there is no such speaker"))
    return number


def _refuse_too_many(speakers: Speakers) -> None:
    if len(speakers.numbers) > MOST_SPEAKERS:
        raise InvalidParameter(name="speaker", reason=N_("there are more than 20"))
