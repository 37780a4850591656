"""Measurements of a recording separate good audio from unintelligible audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.measures import FRAME, SoundFacts, measure
from tests.engine import sounds

LIMITS = DecodeLimits(max_seconds=600, cpu_seconds=60, memory_mb=1024)
SPEECH = np.concatenate([sounds.silence(0.5), sounds.babble(3.0, level=0.4), sounds.silence(0.5)])


def measured(tmp_path: Path, samples: np.ndarray) -> SoundFacts:
    (tmp_path / "a.s16").write_bytes((samples * 32767).astype("<i2").tobytes())
    return measure(tmp_path / "a.s16")


def test_level_and_clipping_are_told(tmp_path: Path) -> None:
    healthy = measured(tmp_path, SPEECH)
    quiet = measured(tmp_path, SPEECH / 200)
    clipped = measured(tmp_path, np.clip(SPEECH * 8, -1, 1))

    assert healthy.clipped_share < 0.001
    assert clipped.clipped_share > 0.01
    assert healthy.loud_db - quiet.loud_db == pytest.approx(46, abs=2)


def test_notes_that_go_on_are_tones_and_a_telephone_has_nothing_above(tmp_path: Path) -> None:
    seconds = np.arange(4 * 16_000) / 16_000
    chord = sum(0.05 * np.sin(2 * np.pi * hertz * seconds) for hertz in (262, 330, 392))
    noise = np.random.default_rng(1).normal(0, 0.1, 4 * 16_000)
    spectrum = np.fft.rfft(noise)
    spectrum[len(spectrum) // 2 :] = 0
    telephone = np.fft.irfft(spectrum)

    assert measured(tmp_path, chord + noise / 100).tones_share > 0.9
    assert measured(tmp_path, noise).tones_share == 0
    assert measured(tmp_path, telephone).band_drop_db > 48 > measured(tmp_path, noise).band_drop_db


@pytest.mark.parametrize("length", [1, FRAME, FRAME + 1, 16_000 * 61])
def test_any_length_can_be_measured(tmp_path: Path, length: int) -> None:
    assert measured(tmp_path, np.full(length, 0.1)).loud_db == pytest.approx(-20, abs=0.1 if length >= FRAME else 60)


def test_ten_hours_cost_no_more_than_ten_minutes(tmp_path: Path) -> None:
    with (tmp_path / "a.s16").open("wb") as file:
        file.truncate(10 * 3600 * 16_000 * 2)  # a hole: nothing is written

    assert measure(tmp_path / "a.s16").loud_db < -90


def test_each_channel_has_its_level(tmp_path: Path) -> None:
    left = (SPEECH * 32767).astype(np.int16)
    (tmp_path / "a.wav").write_bytes(sounds.wav_bytes(np.stack([left, np.zeros_like(left)])))

    loud, silent = decode(tmp_path / "a.wav", tmp_path / "a.s16", LIMITS).channel_levels
    assert loud > -30
    assert silent < -100
