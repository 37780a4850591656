"""REST: who spoke when. Speakers can be told apart later, named and put right; texts and edits stay as they are."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, status

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import (
    AudioGone,
    NotFinished,
    NothingToUndo,
    TranscriptionNotFound,
    TurnNotFound,
)
from app.domain.errors.uploads import DiskFull
from app.domain.speakers import DoubtfulTurn, Speakers
from app.services.speaker_corrections import (
    TurnChoice,
    decide_turn,
    last_correction,
    merge_speakers,
    move_turn,
    name_speaker,
    split_speaker,
    tell_speakers_apart,
    turns_to_check,
    undo_correction,
)
from app.services.transcriptions.job_queue import Queue
from app.web.answers.transcriptions import item_answer
from app.web.dependencies import QueueDep, TranscriptionId, TranslateDep
from app.web.openapi import errors, with_error
from app.web.routers import ApiRouter
from app.web.schemas.speakers import (
    DecisionWanted,
    DoubtfulTurnAnswer,
    DoubtsAnswer,
    MergeWanted,
    SpeakerAnswer,
    SpeakerNameWanted,
    SpeakersAnswer,
    SpeakersWanted,
    SplitWanted,
    TurnAnswer,
    TurnWanted,
)
from app.web.schemas.transcriptions import TranscriptionItem

router = ApiRouter(prefix="/transcriptions/{id}/speakers", tags=["transcriptions"])

SpeakerNumber = Annotated[int, Path(ge=1, le=99, description="Number of the speaker.")]
CORRECTION_ERRORS = errors(TranscriptionNotFound, InvalidParameter, DiskFull, changes=True)


@router.get("", responses=errors(TranscriptionNotFound))
def get_speakers(id: TranscriptionId, queue: QueueDep) -> SpeakersAnswer:
    """Read who spoke when, with each speaker's share; empty where speakers were not told apart."""
    queue.get(id)
    return speakers_answer(queue, id, queue.speakers(id))


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    responses=errors(TranscriptionNotFound, NotFinished, AudioGone, InvalidParameter, DiskFull, changes=True),
)
def find_speakers(
    id: TranscriptionId, wanted: SpeakersWanted, queue: QueueDep, translate: TranslateDep
) -> TranscriptionItem:
    """Tell the speakers of an ended transcription apart, instead of those it had; it is queued for that once more."""
    return item_answer(tell_speakers_apart(queue, id, wanted.speakers), translate)


@router.patch("/{speaker}", responses=CORRECTION_ERRORS)
def rename_speaker(
    id: TranscriptionId, speaker: SpeakerNumber, wanted: SpeakerNameWanted, queue: QueueDep
) -> SpeakersAnswer:
    """Name a speaker in the whole recording, and in every file that is exported."""
    return speakers_answer(queue, id, name_speaker(queue, id, speaker, wanted.name))


@router.post("/{speaker}/merge", responses=CORRECTION_ERRORS)
def merge_speaker(id: TranscriptionId, speaker: SpeakerNumber, wanted: MergeWanted, queue: QueueDep) -> SpeakersAnswer:
    """Make one speaker of two that are the same person."""
    return speakers_answer(queue, id, merge_speakers(queue, id, speaker, wanted.into))


@router.post("/{speaker}/split", responses=CORRECTION_ERRORS)
def part_speaker(id: TranscriptionId, speaker: SpeakerNumber, wanted: SplitWanted, queue: QueueDep) -> SpeakersAnswer:
    """Give the turns of a speaker from a time on to a new one."""
    return speakers_answer(queue, id, split_speaker(queue, id, speaker, wanted.since))


@router.put("/turns", responses=CORRECTION_ERRORS)
def put_turn(id: TranscriptionId, wanted: TurnWanted, queue: QueueDep) -> SpeakersAnswer:
    """Give what is said between two times to one speaker; turns with the same voice follow."""
    return speakers_answer(queue, id, move_turn(queue, id, wanted.start, wanted.end, wanted.speaker))


@router.get("/doubts", responses=errors(TranscriptionNotFound))
def get_doubts(id: TranscriptionId, queue: QueueDep) -> DoubtsAnswer:
    """Read the turns that a person should listen to, at most ten: who speaks in them is least sure."""
    return DoubtsAnswer(turns=[_doubt(each) for each in turns_to_check(queue, id)])


@router.post("/decisions", responses=with_error(CORRECTION_ERRORS, TurnNotFound))
def decide(id: TranscriptionId, wanted: DecisionWanted, queue: QueueDep) -> SpeakersAnswer:
    """Say who one turn is. It stays so, and turns that nobody has decided follow where their voice is the same."""
    turn = TurnChoice(wanted.start, wanted.end, wanted.labelled)
    return speakers_answer(queue, id, decide_turn(queue, id, turn, wanted.speaker))


@router.post("/undo", responses=with_error(CORRECTION_ERRORS, NothingToUndo))
def undo(id: TranscriptionId, queue: QueueDep) -> SpeakersAnswer:
    """Take back the latest correction, a name as well, with what followed from it."""
    return speakers_answer(queue, id, undo_correction(queue, id))


def speakers_answer(queue: Queue, id: str, speakers: Speakers) -> SpeakersAnswer:
    latest = last_correction(queue, id)
    total = sum(turn.end - turn.start for turn in speakers.turns)
    return SpeakersAnswer(
        speakers=[_speaker(speakers, number, total) for number in speakers.numbers],
        turns=[TurnAnswer(**turn.to_dict()) for turn in speakers.turns],
        last_change=latest.moved if latest else None,
    )


def _doubt(doubt: DoubtfulTurn) -> DoubtfulTurnAnswer:
    return DoubtfulTurnAnswer(**doubt.turn.to_dict(), others=list(doubt.others))


def _speaker(speakers: Speakers, number: int, total: float) -> SpeakerAnswer:
    seconds = speakers.seconds_of(number)
    return SpeakerAnswer(
        speaker=number,
        name=speakers.names.get(number, ""),
        seconds=round(seconds, 2),
        share=round(seconds / total, 4),
        turns=sum(turn.speaker == number for turn in speakers.turns),
        interruptions=speakers.interruptions_of(number),
    )
