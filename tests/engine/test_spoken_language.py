"""A Whisper model with few languages identifies them by a linear classifier on the mean of its frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors.models import ModelFileUnreadable
from app.domain.options import RecognitionOptions
from app.engine import SAMPLE_RATE, EngineSpec, Utterance
from app.engine.whisper import guards, load_engine
from app.engine.whisper.spoken_language import (
    LANGUAGES_FILE,
    LanguageLine,
    mean_of_frames,
    read_language_line,
)
from tests.engine.tiny_whisper import WIDTH, build_tiny_whisper


def write_line(folder: Path, bias: float) -> None:
    content = {"languages": ["zh", "en"], "weights": [0.0] * WIDTH, "bias": bias}
    (folder / LANGUAGES_FILE).write_text(json.dumps(content), encoding="utf-8")


def test_the_probabilities_of_the_two_languages_follow_the_line() -> None:
    line = LanguageLine(("zh", "en"), np.array([1.0, -2.0], dtype=np.float32), 0.5)

    likely = line.probabilities(np.array([3.0, 0.5], dtype=np.float32))
    even = line.probabilities(np.array([0.5, 0.5], dtype=np.float32))
    far = line.probabilities(np.array([-1e6, 0.0], dtype=np.float32))

    assert likely["en"] == pytest.approx(1 / (1 + np.exp(-2.5)))
    assert even == {"zh": pytest.approx(0.5), "en": pytest.approx(0.5)}
    assert far["zh"] == pytest.approx(1.0)


def test_silence_behind_a_piece_does_not_count() -> None:
    encoded = np.zeros((2, 100, 3), dtype=np.float32)
    encoded[0, :50], encoded[0, 50:] = 1.0, 9.0
    encoded[1, :25], encoded[1, 25:] = 2.0, 9.0
    waveforms = [np.zeros(seconds * SAMPLE_RATE // 2, dtype=np.float32) for seconds in (2, 1)]

    assert mean_of_frames(encoded, waveforms).tolist() == [[1.0] * 3, [2.0] * 3]


@pytest.mark.parametrize(("bias", "language"), [(-30.0, "zh"), (30.0, "en")])
def test_the_engine_reads_in_the_language_that_it_hears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bias: float, language: str
) -> None:
    for name, value in (
        ("LEAST_LOG_PROBABILITY", -100.0),
        ("MOST_COMPRESSION", 100.0),
        ("MOST_REPEATS", 1000),
    ):
        monkeypatch.setattr(guards, name, value)  # random weights are as improbable as any invention
    folder = build_tiny_whisper(tmp_path / "m", languages=("en", "zh"))
    write_line(folder, bias)
    engine = load_engine(EngineSpec(folder, threads=1))
    waveform = (np.random.default_rng(0).standard_normal(SAMPLE_RATE) * 0.1).astype(np.float32)

    [heard] = engine.transcribe([Utterance(waveform, RecognitionOptions())])

    assert heard.language == language


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"languages": ["zh"], "weights": [1], "bias": 0}'])
def test_a_damaged_line_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / LANGUAGES_FILE).write_text(content, encoding="utf-8")

    with pytest.raises(ModelFileUnreadable, match=r"languages\.json"):
        read_language_line(tmp_path)


def test_a_folder_without_a_line_is_asked_as_whisper_is(tmp_path: Path) -> None:
    assert read_language_line(tmp_path) is None
