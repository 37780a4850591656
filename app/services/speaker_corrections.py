"""Speakers of a transcription: told apart later, named and corrected by people. Texts and edits stay as they are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import NotFinished, NothingToUndo, TurnNotFound
from app.domain.options import MOST_SPEAKERS, TranscriptionOptions
from app.domain.speakers import Correction, DoubtfulTurn, Speakers, latest_corrections
from app.domain.states import JobState
from app.domain.transcription import Transcription
from app.engine.speakers.doubts import assigned_anew, doubtful_turns
from app.engine.speakers.turn_embeddings import TurnEmbeddings
from app.logging import event
from app.services.transcription_rows import correctable_row, found, own_row
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.transitions import relabelled
from app.store.database import Connection
from app.store.queries import diarizations, transcriptions
from app.store.queries.voices import known_voices

LONGEST_NAME = 60
SAME_PLACE_SECONDS = 0.002

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnChoice:
    """A turn as a person saw it."""

    start: float
    end: float
    speaker: int

    def place_in(self, speakers: Speakers) -> int:
        """Return where it is among the turns.

        Raises:
            TurnNotFound: it was corrected meanwhile.
        """
        for place, turn in enumerate(speakers.turns):
            is_here = max(abs(turn.start - self.start), abs(turn.end - self.end)) <= SAME_PLACE_SECONDS
            if is_here and turn.speaker == self.speaker:
                return place
        raise TurnNotFound


def tell_speakers_apart(queue: Queue, id: str, asked: str) -> Transcription:
    """Queue a transcription again for its speakers only: what has been recognised is not recognised again.

    However that ends, its text can be exported meanwhile, and its end is told to nobody a second time.

    Raises:
        TranscriptionNotFound
        NotFinished: it is waiting or running.
        AudioGone: its recording is no longer on the disk.
    """
    queue.check_source(id)
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
    return _correct(queue, id, lambda speakers: speakers.named(known_speaker(speakers, speaker), name))


def merge_speakers(queue: Queue, id: str, speaker: int, into: int) -> Speakers:
    """Make one speaker of two.

    Raises:
        TranscriptionNotFound
        InvalidParameter: there is no such speaker, or both are the same.
    """
    if speaker == into:
        raise InvalidParameter(name="into", reason=N_("it is the same speaker"))
    merged = _correct(
        queue,
        id,
        lambda speakers: speakers.merged(known_speaker(speakers, speaker), known_speaker(speakers, into, "into")),
    )
    with queue.database.writing() as connection:
        known_voices.drop(connection, id, speaker)
    return merged


def split_speaker(queue: Queue, id: str, speaker: int, since: float) -> Speakers:
    """Give the turns of a speaker that end after `since` to a new one.

    Raises:
        TranscriptionNotFound
        InvalidParameter: there is no such speaker, nothing is left for one of the two, or there are too many.
    """

    def change(speakers: Speakers) -> Speakers:
        parted = speakers.split(known_speaker(speakers, speaker), since)
        if len(parted.numbers) != len(speakers.numbers) + 1:
            raise InvalidParameter(name="since", reason=N_("all turns of the speaker are on one side of it"))
        return parted

    return _correct(queue, id, change)


def move_turn(queue: Queue, id: str, start: float, end: float, speaker: int) -> Speakers:
    """Give all that is said between two times to one speaker; the number after the last one is a new one.

    Turns with the same voice that nobody has decided follow.

    Raises:
        TranscriptionNotFound
        InvalidParameter: there is no such speaker, or the times do not fit.
    """
    if not 0 <= start < end:
        raise InvalidParameter(name="end", reason=N_("it must be after the start"))

    def change(speakers: Speakers) -> Speakers:
        return speakers.moved(start, end, _known_or_new(speakers, speaker))

    return _correct(queue, id, change, is_followed=True)


def decide_turn(queue: Queue, id: str, turn: TurnChoice, speaker: int) -> Speakers:
    """Say who one turn is; turns with the same voice that nobody has decided follow.

    Args:
        queue: of the transcription.
        id: of the transcription.
        turn: as it is labelled now.
        speaker: who it is; the number after the last one is a new one.

    Raises:
        TranscriptionNotFound
        TurnNotFound: it was corrected meanwhile.
        InvalidParameter: there is no such speaker.
    """

    def change(speakers: Speakers) -> Speakers:
        return speakers.decided(turn.place_in(speakers), _known_or_new(speakers, speaker))

    return _correct(queue, id, change, is_followed=True)


def turns_to_check(queue: Queue, id: str) -> list[DoubtfulTurn]:
    """Return the turns that a person should listen to, the most useful first.

    Raises:
        TranscriptionNotFound
    """
    with queue.database.reading() as connection:
        found(connection, id)
        heard = diarizations.embeddings(connection, id)
        speakers = diarizations.of(connection, id)
    return doubtful_turns(speakers, TurnEmbeddings.from_bytes(heard) if heard else None)


@dataclass(frozen=True, slots=True)
class FoundSpeakers:
    """Who spoke when, as it was found and as people corrected it."""

    model: str = ""
    """That heard the voices; empty where speakers were not told apart."""
    found: Speakers = field(default_factory=Speakers)
    """Where more corrections were made than are kept, as it was before those."""
    corrected: Speakers = field(default_factory=Speakers)


def found_speakers(queue: Queue, id: str) -> FoundSpeakers:
    """Return the speakers of a transcription before and after all corrections."""
    with queue.database.reading() as connection:
        corrected = diarizations.of(connection, id)
        done = diarizations.corrections(connection, id)
        model = diarizations.model(connection, id)
    found = corrected
    for correction in reversed(done):
        found = correction.undone(found)
    return FoundSpeakers(model, found, corrected)


def last_correction(queue: Queue, id: str) -> Correction | None:
    """Return what `undo_correction` would take back."""
    with queue.database.reading() as connection:
        return next(reversed(diarizations.corrections(connection, id)), None)


def undo_correction(queue: Queue, id: str) -> Speakers:
    """Take back the latest correction, with what followed from it.

    Raises:
        TranscriptionNotFound
        NothingToUndo
    """
    with queue.database.writing() as connection:
        correctable_row(connection, id)
        done = diarizations.corrections(connection, id)
        if not done:
            raise NothingToUndo
        speakers = done[-1].undone(diarizations.of(connection, id))
        _store(connection, id, speakers, done[:-1])
    return speakers


def _correct(queue: Queue, id: str, change: Callable[[Speakers], Speakers], *, is_followed: bool = False) -> Speakers:
    """Store what a person corrects, and how it is taken back; turns of the same voice may follow.

    Raises:
        TranscriptionNotFound
    """
    with queue.database.writing() as connection:
        correctable_row(connection, id)
        before = diarizations.of(connection, id)
        after = change(before)
        if is_followed and (heard := diarizations.embeddings(connection, id)):
            after = assigned_anew(before, after, TurnEmbeddings.from_bytes(heard))
        _refuse_too_many(after)
        done = diarizations.corrections(connection, id)
        _store(connection, id, after, latest_corrections((*done, Correction.between(before, after))))
    return after


def _store(connection: Connection, id: str, speakers: Speakers, corrections: Sequence[Correction]) -> None:
    diarizations.change(connection, id, speakers, corrections)
    transcriptions.change(connection, id)  # open pages hear of it
    event(_log, logging.INFO, "speakers_corrected", job=id)


def known_speaker(speakers: Speakers, number: int, name: str = "speaker") -> int:
    """Return the number of a speaker.

    Raises:
        InvalidParameter: there is no such speaker.
    """
    if number not in speakers.numbers:
        raise InvalidParameter(name=name, reason=N_("there is no such speaker"))
    return number


def _known_or_new(speakers: Speakers, number: int) -> int:
    return number if number == max(speakers.numbers, default=0) + 1 else known_speaker(speakers, number)


def _refuse_too_many(speakers: Speakers) -> None:
    if len(speakers.numbers) > MOST_SPEAKERS:
        raise InvalidParameter(name="speaker", reason=N_("there are more than 20"))
