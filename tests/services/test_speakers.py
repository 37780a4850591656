"""Who spoke when, as a step of a job: what is stored, and that nothing about it ever costs a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import NotFinished, NothingToUndo, TurnNotFound
from app.domain.options import TranscriptionOptions
from app.domain.reasons import BY_CHANNELS, NO_SPEAKER_MODEL, SPEAKERS_FAILED
from app.domain.speakers import SpeakerTurn
from app.domain.states import JobState
from app.domain.transcript import Applied, Segment
from app.domain.transcription import Transcription
from app.engine.catalog.speaker_folder import EMBEDDING_FILE
from app.engine.speakers.turn_embeddings import TurnEmbeddings
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
from app.services.speakers.labelling import SpeakerLabeller
from app.services.speakers.voice_hearing import VoiceHearing
from app.services.transcriptions.edits import Change, Draft, change_text
from app.store.queries import diarizations
from tests.engine import sounds
from tests.engine.speakers.voices import PitchModel, tones, write_networks
from tests.services.conftest import House

ASKED = TranscriptionOptions(speakers="auto")
TURNS = (SpeakerTurn(0.0, 2.0, 1), SpeakerTurn(2.0, 4.0, 2), SpeakerTurn(4.0, 9.0, 1, 0.3))


def talk() -> bytes:
    pieces = [part for level in (0.2, 0.4, 0.2) for part in (sounds.silence(0.5), sounds.babble(1.5, level=level))]
    samples = np.concatenate([*pieces, sounds.silence(1.5)])
    return sounds.wav_bytes((samples * 32767).astype(np.int16))


def line_of(record: Transcription) -> Applied:
    [line] = [line for line in record.receipt if line.name == "speakers"]
    return line


def spoken(house: House, turns: tuple[SpeakerTurn, ...] = TURNS, voices: str = "") -> str:
    """Return a transcription with these turns; each letter of `voices` is what one sounds like."""
    with house.working("EchoEngine"):
        id = house.end_of(house.submit(talk()).id).id
    spans = np.array([(turn.start, turn.end) for turn in turns], dtype=np.float32)
    heard = TurnEmbeddings(spans, np.eye(26, dtype=np.float32)[[ord(voice) - ord("a") for voice in voices]])
    with house.database.writing() as connection:
        diarizations.replace(connection, id, "test", turns, heard.to_bytes() if voices else b"")
    return id


def turns_of(*speakers: int) -> tuple[SpeakerTurn, ...]:
    return tuple(SpeakerTurn(2.0 * place, 2.0 * place + 1.5, speaker) for place, speaker in enumerate(speakers))


def choice_of(turn: SpeakerTurn) -> TurnChoice:
    return TurnChoice(turn.start, turn.end, turn.speaker)


@pytest.fixture(name="model", scope="module")
def _model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speakers")
    write_networks(folder)
    return folder


def test_the_voices_are_heard_in_the_inference_process(house: House, model: Path):
    with house.working("EchoEngine", speaker_model=model):
        record = house.end_of(house.submit(talk(), options=ASKED).id)

    assert record.state is JobState.SUCCEEDED
    line = line_of(record)
    assert (line.asked, line.applied.isdigit()) == ("auto", True)
    assert len(house.queue.speakers(record.id).numbers) == int(line.applied)


def test_without_the_model_the_text_stays_and_the_receipt_says_why(house: House):
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(talk(), options=ASKED).id)

    assert (record.state, line_of(record).reason) == (JobState.SUCCEEDED, NO_SPEAKER_MODEL)
    assert record.text.count("Level") >= 1
    assert not house.queue.speakers(record.id).turns


def test_a_damaged_model_costs_no_text(house: House, model: Path, tmp_path: Path):
    for file in model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / EMBEDDING_FILE).write_bytes(b"damaged")
    with house.working("EchoEngine", speaker_model=tmp_path):
        record = house.end_of(house.submit(talk(), options=ASKED).id)

    reason = line_of(record).reason
    assert (record.state, reason and reason.code) == (JobState.SUCCEEDED, SPEAKERS_FAILED.code)
    assert "Level" in record.text


def test_channels_are_not_told_apart_by_their_voices(house: House, model: Path):
    call = np.stack([sounds.babble(2.0, level=0.2), sounds.babble(2.0, level=0.4)])
    options = TranscriptionOptions(speakers="auto", channels="separate")
    with house.working("EchoEngine", speaker_model=model):
        recording = sounds.wav_bytes((call * 32767).astype(np.int16))
        record = house.end_of(house.submit(recording, options=options).id)

    assert line_of(record).reason == BY_CHANNELS


def test_a_recording_read_long_ago_gets_speakers_and_keeps_its_edits(house: House, model: Path):
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(talk()).id)
    change_text(house.queue, record.id, 0, [Change(0, 0, (Draft("By hand."),))])
    before = house.queue.segments(record.id)

    with house.working("EchoEngine", speaker_model=model):
        tell_speakers_apart(house.queue, record.id, "2")
        with pytest.raises(NotFinished):
            tell_speakers_apart(house.queue, record.id, "2")
        again = house.end_of(record.id)

    assert (again.state, line_of(again).asked) == (JobState.SUCCEEDED, "2")
    assert again.text.startswith("By hand.")
    assert house.queue.segments(record.id) == before


def test_a_text_can_be_exported_while_its_speakers_are_told_apart(house: House):
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(talk()).id)

    waiting = tell_speakers_apart(house.queue, record.id, "auto")

    assert (waiting.state, waiting.is_exportable) == (JobState.QUEUED, True)
    assert house.queue.transcript(record.id).segments


def test_a_text_whose_speakers_are_no_longer_wanted_is_as_it_was(house: House):
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(talk()).id)
    tell_speakers_apart(house.queue, record.id, "auto")

    cancelled = house.queue.cancel(record.id)

    assert (cancelled.state, cancelled.cancel_requested) == (JobState.SUCCEEDED, False)
    assert (cancelled.started_at, cancelled.finished_at) == (record.started_at, record.finished_at)
    assert cancelled.text == record.text


def test_a_recording_that_cannot_be_read_again_keeps_its_text_and_says_why_it_has_no_speakers(
    house: House, model: Path
):
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(talk()).id)
    tell_speakers_apart(house.queue, record.id, "auto")
    house.queue.files.drop_audio(record.id)
    house.queue.source_path(record.id).write_bytes(b"damaged")

    with house.working("EchoEngine", speaker_model=model):
        again = house.end_of(record.id)

    assert (again.state, again.error, again.text) == (JobState.SUCCEEDED, None, record.text)
    line = line_of(again)
    assert line.applied == "-"
    assert line.reason is not None
    assert line.reason.code == SPEAKERS_FAILED.code


def test_the_text_is_cut_by_speaker_and_named(house: House):
    id = spoken(house)
    name_speaker(house.queue, id, 2, "  Anna   Lee ")

    transcript = house.queue.transcript(id)

    voices = {transcript.voice_of(segment) for segment in transcript.segments}
    assert voices <= {"Speaker 1", "Anna Lee"}
    assert {segment.speaker for segment in transcript.segments} <= {1, 2}


def test_a_name_is_taken_away_again(house: House):
    id = spoken(house)
    name_speaker(house.queue, id, 2, "Anna")
    assert name_speaker(house.queue, id, 2, "").names == {}


def test_two_speakers_become_one_and_keep_a_name(house: House):
    id = spoken(house)
    name_speaker(house.queue, id, 2, "Anna")
    merged = merge_speakers(house.queue, id, 2, 1)
    assert ({turn.speaker for turn in merged.turns}, merged.names) == ({1}, {1: "Anna"})
    assert house.queue.speakers(id) == merged


def test_a_speaker_is_somebody_else_from_a_time_on(house: House):
    id = spoken(house)
    parted = split_speaker(house.queue, id, 1, 3.0)
    assert [turn.speaker for turn in parted.turns] == [1, 2, 3]
    with pytest.raises(InvalidParameter):
        split_speaker(house.queue, id, 2, 9.0)


def test_a_turn_is_moved_and_cut_where_it_was_longer(house: House):
    id = spoken(house)
    moved = move_turn(house.queue, id, 5.0, 6.0, 2)
    assert [(turn.start, turn.end, turn.speaker) for turn in moved.turns] == [
        (0.0, 2.0, 1), (2.0, 4.0, 2), (4.0, 5.0, 1), (5.0, 6.0, 2), (6.0, 9.0, 1),
    ]  # fmt: skip
    assert max(move_turn(house.queue, id, 7.0, 8.0, 3).numbers) == 3


def test_a_decision_takes_the_turns_with_the_same_voice_along_and_is_taken_back(house: House):
    turns = turns_of(1, 2, 1, 2, 1, 2)
    id = spoken(house, turns, "abcbcb")

    decided = decide_turn(house.queue, id, choice_of(turns[2]), 3)

    assert [turn.speaker for turn in decided.turns] == [1, 2, 3, 2, 3, 2]
    assert [turn.is_decided for turn in decided.turns] == [False, False, True, False, False, False]
    correction = last_correction(house.queue, id)
    assert correction
    assert correction.moved == 2
    assert undo_correction(house.queue, id).turns == turns == house.queue.speakers(id).turns
    with pytest.raises(NothingToUndo):
        undo_correction(house.queue, id)


def test_what_was_decided_stays_when_others_follow(house: House):
    turns = turns_of(1, 2, 1, 2, 1, 1)
    id = spoken(house, turns, "ababab")
    decide_turn(house.queue, id, choice_of(turns[5]), 1)

    decided = decide_turn(house.queue, id, choice_of(turns[4]), 1)

    assert [turn.speaker for turn in decided.turns] == [1, 2, 1, 2, 1, 1]


def test_turns_follow_a_paragraph_that_is_moved(house: House):
    id = spoken(house, turns_of(1, 2, 1, 2, 1, 2), "abcbcb")
    moved = move_turn(house.queue, id, 4.0, 5.5, 3)
    assert [turn.speaker for turn in moved.turns] == [1, 2, 3, 2, 3, 2]


def test_every_kind_of_correction_is_taken_back_in_turn(house: House):
    id = spoken(house, turns_of(1, 2, 1, 2), "abab")
    states = [
        house.queue.speakers(id),
        name_speaker(house.queue, id, 2, "Anna"),
        merge_speakers(house.queue, id, 2, 1),
        split_speaker(house.queue, id, 1, 3.0),
        move_turn(house.queue, id, 0.5, 1.0, 2),
    ]
    for state in reversed(states[:-1]):
        assert undo_correction(house.queue, id) == state


def test_a_turn_that_somebody_corrected_meanwhile_is_not_decided(house: House):
    turns = turns_of(1, 2, 1)
    id = spoken(house, turns)
    decide_turn(house.queue, id, choice_of(turns[2]), 2)
    with pytest.raises(TurnNotFound):
        decide_turn(house.queue, id, choice_of(turns[2]), 2)


def test_the_doubtful_turns_are_those_of_the_voices_that_were_heard(house: House):
    id = spoken(house, turns_of(1, 2, 1, 2, 1, 2), "ababbb")
    [doubt] = turns_to_check(house.queue, id)
    assert (doubt.turn.start, doubt.others) == (8.0, (2,))


def test_turns_that_are_found_anew_have_nothing_to_take_back(house: House):
    id = spoken(house)
    name_speaker(house.queue, id, 2, "Anna")
    with house.database.writing() as connection:
        diarizations.replace(connection, id, "test", TURNS)
    assert last_correction(house.queue, id) is None


@pytest.mark.parametrize("speaker", [0, 3, 99])
def test_a_speaker_that_is_not_there_is_refused(house: House, speaker: int):
    id = spoken(house)
    with pytest.raises(InvalidParameter):
        name_speaker(house.queue, id, speaker, "Nobody")


def test_every_correction_is_told_to_open_pages(house: House):
    id = spoken(house)
    before = house.queue.get(id).revision
    name_speaker(house.queue, id, 1, "Anna")
    assert house.queue.get(id).revision > before


def test_the_labels_of_a_recording_are_those_of_its_voices(tmp_path: Path):
    turns = [(1 + 3 * number, 3.5 + 3 * number, 1 + number % 2) for number in range(8)]
    audio = tmp_path / "audio.s16"
    (tones(turns, 26) * 32767).astype("<i2").tofile(audio)
    labeller = SpeakerLabeller(VoiceHearing(lambda: tmp_path, lambda _folder, _check: PitchModel()))
    segments = [Segment(start, end, "text", "text") for start, end, _ in turns]

    labels = labeller.label("auto", segments, 26.0, audio)

    assert (labels.line, labels.model) == (Applied("speakers", "auto", "2"), "pitch")
    assert [turn.speaker for turn in labels.turns] == [person for _, _, person in turns]
    assert len(TurnEmbeddings.from_bytes(labels.embeddings).spans) == len(turns)
