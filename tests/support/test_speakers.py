"""Speakers in a case: the turns, no names without the text, and a replay that compares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from app.domain.options import TranscriptionOptions
from app.domain.speakers import SpeakerTurn
from app.engine import Waveform
from app.engine.audio.decoding import decode
from app.engine.speakers import Activity, Embeddings, SpeakerModelInfo
from app.services.speaker_corrections import TurnChoice, decide_turn, name_speaker
from app.services.speakers.labelling import SpeakerLabeller
from app.services.speakers.voice_hearing import VoiceHearing
from app.store.queries import diarizations
from app.support.case import AudioChoice, CaseChoice
from app.support.replay import Verdict
from app.support.replay.bench import Bench
from app.support.replay.replay import Replayed, replay
from app.support.replay.report import as_dict, as_text
from app.support.replay.speakers import SpeakersComparison, compare_speakers
from tests.engine.speakers.voices import PITCH
from tests.services.conftest import LIMITS, House, talk
from tests.support.cases import cases_of, make, names_in, read

TURNS = (SpeakerTurn(0.2, 1.6, 1), SpeakerTurn(2.0, 3.5, 2, 0.3), SpeakerTurn(4.0, 5.0, 1))


@dataclass(frozen=True)
class LoudnessModel:
    """Tells speakers apart by how loud they are."""

    info: SpeakerModelInfo = PITCH

    def activity(self, windows: Sequence[Waveform]) -> list[Activity]:
        frames = (np.abs(window[: len(window) // 320 * 320].reshape(-1, 320)).max(1) for window in windows)
        return [np.stack([level > 0.01, level < 0, level < 0], axis=1) for level in frames]

    def embeddings(self, waveforms: Sequence[Waveform]) -> Embeddings:
        is_loud = np.array([np.sqrt(np.mean(waveform**2)) > 0.05 for waveform in waveforms])
        return np.stack([is_loud, ~is_loud], axis=1).astype(np.float32)


@pytest.fixture(name="job")
def _job(house: House, tmp_path: Path) -> str:
    """A transcription of somebody quiet and somebody loud, whose speakers were told apart."""
    with house.working("EchoEngine"):
        options = TranscriptionOptions(speakers="2")
        job = house.end_of(house.submit(talk(0.1, 0.6), options=options).id).id
    pcm = tmp_path / "samples.s16"
    facts = decode(house.queue.source_path(job), pcm, LIMITS)
    labelled = labeller().label("2", house.queue.segments(job), facts.duration, pcm)
    with house.database.writing() as connection:
        diarizations.replace(connection, job, "loudness", labelled.turns, labelled.embeddings)
    return job


def labeller() -> SpeakerLabeller:
    return SpeakerLabeller(VoiceHearing(Path, lambda _folder, _check: LoudnessModel()))


def again(house: House, case: Path) -> Replayed:
    with Bench(lambda _case: house.spec("EchoEngine"), LIMITS, 30.0, labeller=lambda _: labeller()).open() as bench:
        return replay(case, bench)


def test_a_case_has_the_turns_as_found_and_as_corrected(house: House, job: str) -> None:
    found = house.queue.speakers(job).turns
    first = found[0]
    decide_turn(house.queue, job, TurnChoice(first.start, first.end, first.speaker), 2)
    name_speaker(house.queue, job, 2, "Anna Bell")

    case = make(house, job)

    told = read(case, "speakers.json")
    assert told["found"] == [turn.to_dict() for turn in found]
    assert [(turn["speaker"], turn["is_decided"]) for turn in told["corrected"]] == [(2, True)]
    assert (told["model"], told["named"], told["names"]) == ("loudness", [2], {})
    assert b"Anna" not in case.read_bytes()


def test_names_are_in_a_case_only_with_its_text(house: House, job: str) -> None:
    name_speaker(house.queue, job, 1, "Anna Bell")
    kept = make(house, job, CaseChoice(keep_text=True))
    assert read(kept, "speakers.json")["names"] == {"1": "Anna Bell"}


def test_nothing_in_a_case_tells_what_a_voice_is_like(house: House, job: str) -> None:
    shown = cases_of(house).preview(job, CaseChoice(AudioChoice.HASH)).files
    [file] = [each for each in shown if each.name == "speakers.json"]
    assert "embedding" not in file.content
    assert set(read(make(house, job), "speakers.json")) == {"model", "found", "corrected", "named", "names"}


def test_a_case_without_speakers_has_no_such_file(house: House) -> None:
    with house.working("EchoEngine"):
        job = house.end_of(house.submit(talk(0.2)).id).id
    assert "speakers.json" not in names_in(make(house, job))


def test_a_replay_finds_the_same_speakers(house: House, job: str) -> None:
    replayed = again(house, make(house, job))

    assert replayed.verdict is Verdict.REPRODUCED
    assert replayed.speakers == SpeakersComparison(2, 2, 0.0)
    assert as_dict(replayed)["speakers"] == {"recorded": 2, "here": 2, "differing": 0.0}
    assert "recorded 2, here 2; 0.0% of the time differs" in as_text(replayed)


def test_a_replay_that_finds_others_does_not_reproduce_the_case(house: House, job: str) -> None:
    turns = (*house.queue.speakers(job).turns[:1], SpeakerTurn(2.0, 3.5, 3))
    with house.database.writing() as connection:
        diarizations.replace(connection, job, "loudness", turns)

    replayed = again(house, make(house, job))

    assert replayed.verdict is Verdict.NOT_REPRODUCED
    assert replayed.speakers
    assert replayed.speakers.differing > 0.1


def test_other_numbers_are_the_same_speakers() -> None:
    others = [SpeakerTurn(turn.start, turn.end, 5 - turn.speaker) for turn in TURNS]
    assert compare_speakers(TURNS, others) == SpeakersComparison(2, 2, 0.0)
    assert compare_speakers(TURNS, TURNS[:2]).differing == pytest.approx(1.0 / 3.9, abs=0.02)
