"""Speakers whom a program names for one request: heard by their samples, and stored nowhere."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors.requests import InvalidParameter
from app.services.known_speakers import (
    NAMES,
    REFERENCES,
    KnownSpeaker,
    named_speakers,
    names_told,
    read_known_speakers,
)
from app.services.speakers.voice_hearing import VoiceHearing
from app.services.transcriptions.heard_audio import HeardAudio
from tests.engine import sounds
from tests.engine.speakers.voices import PitchModel, tones
from tests.services.conftest import LIMITS, House
from tests.services.test_known_voices import ANNA, BORIS, NOBODY, _folder, meeting  # noqa: F401 - a fixture


def sample(person: int, seconds: float = 4.0) -> str:
    """Return a data URL of somebody alone."""
    wav = sounds.wav_bytes((tones([(0.0, seconds, person)], seconds) * 32767).astype("<i2"))
    return "data:audio/wav;base64," + base64.b64encode(wav).decode()


@pytest.fixture(name="heard")
def _heard(house: House) -> HeardAudio:
    return HeardAudio(house.queue, LIMITS, house.pool)


def test_whoever_sounds_like_a_sample_has_its_name(house: House, heard: HeardAudio, folder: Path):
    id = meeting(house, ((0.0, 4.0, BORIS), (5.0, 9.0, ANNA), (10.0, 14.0, NOBODY)))
    known = read_known_speakers(["Anna", "Boris"], [sample(ANNA), sample(BORIS)], heard)
    hearing = VoiceHearing(lambda: folder, lambda *_: PitchModel())

    names = named_speakers(known, house.queue.speakers(id).turns, id, heard, hearing)

    assert names == {1: "Boris", 2: "Anna"}
    assert names_told(names) == "Boris, Anna"
    assert house.queue.speakers(id).names == {}
    assert not list(house.folder.rglob("sound"))


@pytest.mark.parametrize("seconds", [2.0, 10.0])
def test_samples_of_two_to_ten_seconds_are_taken(heard: HeardAudio, seconds: float):
    [known] = read_known_speakers(["Anna"], [sample(ANNA, seconds)], heard)
    assert isinstance(known, KnownSpeaker)
    assert np.isclose(len(known.waveform) / 16_000, seconds, atol=0.05)


@pytest.mark.parametrize(
    ("names", "references", "field"),
    [
        (["Anna"], [], REFERENCES),
        ([], [sample(ANNA)], REFERENCES),
        (["Anna", "Anna"], [sample(ANNA)] * 2, NAMES),
        (list("abcde"), [sample(ANNA)] * 5, NAMES),
        (["n" * 61], [sample(ANNA)], NAMES),
        (["Anna"], ["https://example.com/anna.wav"], REFERENCES),
        (["Anna"], ["data:audio/wav;base64,%%%"], REFERENCES),
        (["Anna"], ["data:audio/wav;base64,AAAA"], REFERENCES),
        (["Anna"], [sample(ANNA, 1.5)], REFERENCES),
        (["Anna"], [sample(ANNA, 10.5)], REFERENCES),
        (["Anna"], [sample(ANNA, 30.0)], REFERENCES),
    ],
)
def test_what_cannot_be_used_is_named(heard: HeardAudio, names: list[str], references: list[str], field: str):
    with pytest.raises(InvalidParameter) as refused:
        read_known_speakers(names, references, heard)
    assert refused.value.params["name"] == field
