"""Known voices: remembered with consent, proposed in other recordings, and really gone when deleted."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import RecognitionElsewhere, TranscriptionNotFound
from app.domain.errors.voices import SpeakerModelMissing, TooLittleSpeech, VoiceNotFound, VoicesSwitchedOff
from app.domain.options import TranscriptionOptions
from app.domain.people import PERMISSIONS, Actor, Role, acting_as
from app.domain.speakers import SpeakerTurn
from app.domain.speakers.known_voices import (
    FULL_BAND,
    LEAST_LIKENESS,
    MIXED,
    TELEPHONE,
    HeardVoice,
    Scale,
    counterparts,
    likeness,
)
from app.domain.states import JobState
from app.engine.catalog.speaker_folder import EMBEDDING_FILE, SEGMENTATION_FILE, voice_model
from app.engine.speakers.voices import voice_of
from app.services.inference.process import InferenceProcess
from app.services.known_voices import Consent, KnownVoices
from app.services.speaker_corrections import merge_speakers, name_speaker
from app.services.speakers.remote_model import RemoteSpeakerModel
from app.services.speakers.voice_hearing import VoiceHearing
from app.services.transcriptions.heard_audio import HeardAudio
from app.store.queries import diarizations
from app.store.queries.voices import known_voices
from app.store.sqlite.snapshot import FORMER_PREFIX, copy_database
from tests.engine import sounds
from tests.engine.speakers.voices import PitchModel, tones, write_networks
from tests.recognised import recognised
from tests.services.conftest import LIMITS, House
from tests.services.test_speakers import talk

ANNA, BORIS, NOBODY = 1, 2, 3
"""Pitches of the made-up voices."""
AGREED = Consent("Anna herself, by mail", "minutes of the board")
MEETING = ((0.0, 4.0, ANNA), (5.0, 9.0, BORIS), (10.0, 14.0, ANNA))


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Something in the place of a model, whose voices PitchModel hears."""
    folder = tmp_path / "speakers"
    folder.mkdir()
    for name in (EMBEDDING_FILE, SEGMENTATION_FILE):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture(name="voices")
def _voices(house: House, folder: Path) -> KnownVoices:
    return opened(house, VoiceHearing(lambda: folder, lambda _folder, _check: PitchModel()))


def opened(house: House, hearing: VoiceHearing | None, *, is_on: bool = True) -> KnownVoices:
    return KnownVoices(house.queue, HeardAudio(house.queue, LIMITS, house.pool), hearing, is_on=is_on)


def meeting(house: House, people: tuple[tuple[float, float, int], ...] = MEETING) -> str:
    """Return a transcription of these people, whose turns are numbered from 1 in the order of their first words."""
    seconds = max(end for _, end, _ in people) + 1
    wav = sounds.wav_bytes((tones(people, seconds) * 32767).astype("<i2"))
    id = recognised(house.queue, ["一", "二"], wav, seconds_each=seconds / 2, pause=0.0)
    order = list(dict.fromkeys(person for _, _, person in people))
    turns = [SpeakerTurn(start, end, order.index(person) + 1) for start, end, person in people]
    with house.database.writing() as connection:
        diarizations.replace(connection, id, "test", turns)
    return id


def proposed(voices: KnownVoices, id: str) -> dict[int, str]:
    return {each.speaker: each.name for each in voices.proposals(id)}


def test_a_voice_is_kept_with_who_agreed_and_when(house: House, voices: KnownVoices, folder: Path):
    before = datetime.now(UTC)
    voice = voices.remember(meeting(house), 1, "  Anna   Lee ", AGREED)

    [stored] = voices.everything()
    assert stored == replace(voice, voice=stored.voice)
    assert stored.voice.vector == pytest.approx(voice.voice.vector)
    assert (voice.name, voice.consent_by, voice.purpose) == ("Anna Lee", AGREED.by, AGREED.purpose)
    assert (voice.model, voice.created_at >= before) == (voice_model(folder), True)


def test_nothing_of_a_voice_is_kept_unless_somebody_asks_for_it(house: House, voices: KnownVoices):
    voices.look(meeting(house))

    with house.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM known_voices").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM voice_proposals").scalar() == 0


def test_a_known_voice_is_proposed_and_not_set(house: House, voices: KnownVoices):
    voices.remember(meeting(house), 1, "Anna", AGREED)
    other = meeting(house, ((0.0, 4.0, BORIS), (5.0, 9.0, ANNA), (10.0, 14.0, NOBODY)))

    [proposal] = voices.look(other)

    assert (proposal.speaker, proposal.name) == (2, "Anna")
    assert LEAST_LIKENESS < proposal.likeness <= 1
    assert house.queue.speakers(other).names == {}


def test_accepting_names_the_speaker_and_ends_the_proposal(house: House, voices: KnownVoices):
    voice = voices.remember(meeting(house), 1, "Anna", AGREED)
    other = meeting(house)
    voices.look(other)

    assert voices.accept(other, 1, voice.id).names == {1: "Anna"}
    assert voices.proposals(other) == []


def test_a_refusal_is_remembered_for_this_recording_alone(house: House, voices: KnownVoices):
    for _ in range(2):
        voice = voices.remember(meeting(house), 1, "Anna", AGREED)  # from two recordings
    other, third = meeting(house), meeting(house)
    voices.look(other)

    voices.refuse(other, 1, voice.id)

    assert proposed(voices, other) == {}
    voices.look(other)
    assert proposed(voices, other) == {}
    voices.look(third)
    assert proposed(voices, third) == {1: "Anna"}


def test_a_refusal_outlives_that_speakers_are_told_apart_anew(house: House, voices: KnownVoices):
    voice = voices.remember(meeting(house), 1, "Anna", AGREED)
    other = meeting(house)
    voices.look(other)
    voices.refuse(other, 1, voice.id)
    before = house.queue.speakers(other).turns
    after = (SpeakerTurn(0.0, 0.2, 1), *(replace(turn, speaker=3 - turn.speaker) for turn in before))

    with house.database.writing() as connection:
        known_voices.renumber(connection, other, counterparts(before, after))
        diarizations.replace(connection, other, "test", after)
    voices.look(other)

    assert 2 not in proposed(voices, other)


@pytest.mark.sqlite("looks for what is left in the file and its copies")
def test_a_deleted_voice_is_gone_from_proposals_and_from_copies(house: House, voices: KnownVoices):
    voice = voices.remember(meeting(house), 1, "Anna", AGREED)
    other = meeting(house)
    voices.look(other)
    copy = house.file.with_name(f"{FORMER_PREFIX}0020.db")
    copy_database(house.file, copy)

    voices.delete(voice.id)

    assert (voices.everything(), voices.proposals(other)) == ([], [])
    with pytest.raises(VoiceNotFound):
        voices.accept(other, 1, voice.id)
    vector = struct.pack(f"<{len(voice.voice.vector)}f", *voice.voice.vector)
    for file in (copy, house.file):
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("SELECT count(*) FROM known_voices").fetchone() == (0,)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert vector not in file.read_bytes()


def test_renaming_holds_for_what_is_proposed_already(house: House, voices: KnownVoices):
    voice = voices.remember(meeting(house), 1, "Anna", AGREED)
    other = meeting(house)
    voices.look(other)

    changed = voices.change(voice.id, "Anna Lee", "")

    assert (changed.name, changed.purpose, changed.consent_by) == ("Anna Lee", "", AGREED.by)
    assert proposed(voices, other) == {1: "Anna Lee"}


def test_voices_of_another_model_are_not_compared(house: House, voices: KnownVoices, folder: Path):
    voices.remember(meeting(house), 1, "Anna", AGREED)
    (folder / EMBEDDING_FILE).write_bytes(b"another network")

    assert voices.look(meeting(house)) == []
    assert voices.everything()[0].model != voices.model()


def test_merged_speakers_lose_what_was_proposed_for_the_one_that_ends(house: House, voices: KnownVoices):
    voices.remember(meeting(house), 2, "Boris", AGREED)
    other = meeting(house)
    voices.look(other)
    assert proposed(voices, other) == {2: "Boris"}

    merge_speakers(house.queue, other, 2, 1)

    assert proposed(voices, other) == {}


@pytest.mark.parametrize(
    ("speaker", "name", "consent", "error"),
    [
        (1, "Anna", Consent(" "), InvalidParameter),
        (1, "Anna", Consent("a" * 301), InvalidParameter),
        (1, "Anna", Consent("Anna", "p" * 301), InvalidParameter),
        (1, " ", AGREED, InvalidParameter),
        (1, "n" * 61, AGREED, InvalidParameter),
        (9, "Anna", AGREED, InvalidParameter),
        (3, "Anna", AGREED, TooLittleSpeech),
    ],
)
def test_what_cannot_be_remembered_is_refused(
    house: House, voices: KnownVoices, speaker: int, name: str, consent: Consent, error: type[Exception]
):
    id = meeting(house, (*MEETING, (15.0, 16.0, NOBODY)))
    with pytest.raises(error):
        voices.remember(id, speaker, name, consent)
    assert voices.everything() == []


def test_without_a_model_or_a_worker_the_voice_is_not_heard(house: House):
    id = meeting(house)
    with pytest.raises(RecognitionElsewhere):
        opened(house, None).remember(id, 1, "Anna", AGREED)
    with pytest.raises(SpeakerModelMissing):
        opened(house, VoiceHearing(lambda: None, lambda *_: PitchModel())).remember(id, 1, "Anna", AGREED)


def test_where_voices_are_switched_off_only_deleting_is_left(house: House, voices: KnownVoices):
    voice = voices.remember(meeting(house), 1, "Anna", AGREED)
    other = meeting(house)
    voices.look(other)
    off = opened(house, None, is_on=False)

    refused: list[Callable[[], object]] = [
        lambda: off.remember(other, 1, "Anna", AGREED),
        lambda: off.look(other),
        lambda: off.accept(other, 1, voice.id),
        lambda: off.bring([voice]),
    ]
    for call in refused:
        with pytest.raises(VoicesSwitchedOff):
            call()
    assert off.proposals(other) == []
    assert [each.id for each in off.everything()] == [voice.id]
    off.delete(voice.id)
    assert off.everything() == []


def test_a_voice_is_its_owners_whatever_others_may_see(house: House, voices: KnownVoices):
    owner = Actor(person="p1", permissions=PERMISSIONS[Role.MEMBER])
    administrator = Actor(person="p2", permissions=PERMISSIONS[Role.ADMINISTRATOR], sees_everything=True)
    with acting_as(owner):
        id = meeting(house)
        voice = voices.remember(id, 1, "Anna", AGREED)
        voices.look(id)
        assert proposed(voices, id) == {1: "Anna"}
    for other in (administrator, replace(owner, person="p3")):
        with acting_as(other):
            assert voices.everything() == []
            with pytest.raises(VoiceNotFound):
                voices.delete(voice.id)
    with acting_as(administrator):
        assert voices.proposals(id) == []
    with acting_as(replace(owner, person="p3")), pytest.raises(TranscriptionNotFound):
        voices.remember(id, 1, "Anna", AGREED)


def test_a_new_recording_is_compared_by_the_worker_with_its_owners_voices(house: House, tmp_path: Path):
    write_networks(tmp_path, hears_one=True)
    options = TranscriptionOptions(speakers="auto")

    def opened_with(inference: InferenceProcess) -> KnownVoices:
        return opened(house, VoiceHearing(lambda: tmp_path, partial(RemoteSpeakerModel, inference, 30.0)))

    with house.working("EchoEngine", speaker_model=tmp_path) as inference:
        first = house.end_of(house.submit(talk(), options=options).id)
        voices = opened_with(inference)
        voices.remember(first.id, 1, "Anna", AGREED)
        with acting_as(Actor(person="p1", permissions=PERMISSIONS[Role.MEMBER])):
            foreign = house.submit(talk(), options=options)
        second = house.end_of(house.submit(talk(), options=options).id)
        house.until(lambda: house.queue.get(foreign.id).state is JobState.SUCCEEDED)

    assert proposed(voices, second.id) == {1: "Anna"}
    assert voices.proposals(second.id)[0].likeness == pytest.approx(1.0, abs=0.01)
    assert house.queue.speakers(second.id).names == {}
    with house.database.reading() as connection:
        assert known_voices.proposed(connection, foreign.id) == []


@pytest.mark.parametrize(
    ("one", "other", "scale"), [(False, False, FULL_BAND), (True, True, TELEPHONE), (True, False, MIXED)]
)
def test_what_a_cosine_means_depends_on_the_telephone(one: bool, other: bool, scale: Scale):
    def alike(cosine: float) -> float:
        rest = (1 - cosine**2) ** 0.5
        return likeness(HeardVoice((1.0, 0.0), one), HeardVoice((cosine, rest), other))

    assert alike(scale.least) == pytest.approx(LEAST_LIKENESS, abs=0.001)
    assert (alike(1.0), alike(scale.whole), alike(-1.0)) == (1.0, pytest.approx(1.0, abs=0.001), 0.0)
    assert alike(scale.least - 0.01) < LEAST_LIKENESS < alike(scale.least + 0.01)
    assert likeness(HeardVoice((1.0, 0.0)), HeardVoice((1.0, 0.0, 0.0))) == 0.0


def test_a_telephone_is_heard(voices: KnownVoices, house: House):
    """The tones of these tests have nothing above 4 kHz; with a hiss they do."""
    assert voices.remember(meeting(house), 1, "Anna", AGREED).voice.is_narrow
    hiss = 0.02 * np.random.default_rng(1).standard_normal(16_000 * 5).astype(np.float32)

    def read(start: float, end: float) -> np.ndarray:
        return (
            tones([(0.0, 5.0, ANNA)], 5.0)[round(start * 16_000) : round(end * 16_000)]
            + (hiss[round(start * 16_000) : round(end * 16_000)])
        )

    voice = voice_of(read, [(0.0, 5.0)], PitchModel())
    assert voice
    assert not voice.is_narrow


def test_a_name_given_by_hand_is_not_proposed_over(house: House, voices: KnownVoices):
    voices.remember(meeting(house), 1, "Anna", AGREED)
    other = meeting(house)
    voices.look(other)
    name_speaker(house.queue, other, 1, "Clara")
    assert voices.proposals(other) == []
    name_speaker(house.queue, other, 1, "")
    assert proposed(voices, other) == {1: "Anna"}
