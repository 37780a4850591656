"""Silero's probabilities become speech, and bursts of music do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.options import VadOptions
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.engine.vad import silero_detector
from app.engine.vad.detection import classify_frames
from app.engine.vad.silero_detector import GAP_FRAMES
from app.engine.vad.vad import find_speech

SILENCE = [0.01] * (GAP_FRAMES + 1)


def spans(probabilities: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> int:
    """Return how many spans there are where Silero says this of one frame after the other."""

    class Told:
        def __init__(self, network: object) -> None:
            pass

        def probabilities(self, frames: np.ndarray) -> np.ndarray:
            return np.array(probabilities[: len(frames)], dtype=np.float32)

    monkeypatch.setattr(silero_detector, "Hearing", Told)
    pcm = tmp_path / "a.s16"
    sound = np.random.default_rng(0).standard_normal(512 * len(probabilities)) * 3000
    pcm.write_bytes(sound.astype("<i2").tobytes())
    return len(find_speech(pcm, VadOptions(**options)).spans)


@pytest.mark.parametrize(
    ("burst", "count"),
    [
        ([0.9] * 9, 0),
        ([0.9] * 10, 1),
        ([0.9] * 6 + [0.99], 1),
        ([0.99] * 5, 0),
        ([0.9] * 5 + [0.2] * GAP_FRAMES + [0.9] * 5, 1),
        ([0.9] * 5 + [0.2] * (GAP_FRAMES + 1) + [0.9] * 5, 0),
    ],
    ids=["brief", "long", "brief but sure", "a click", "across a silence", "two bursts"],
)
def test_only_speech_that_lasts_or_is_sure_opens_a_span(
    burst: list[float], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spans([*SILENCE, *burst, *SILENCE], tmp_path, monkeypatch) == count


def test_who_asks_for_shorter_speech_takes_bursts_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = [*SILENCE, *[0.9] * 3, *SILENCE]

    assert spans(heard, tmp_path, monkeypatch, min_speech_ms=100) == 1
    assert spans(heard, tmp_path, monkeypatch, min_speech_ms=200) == 0


@pytest.mark.parametrize("seed", range(10))
def test_bursts_are_the_same_at_once_and_frame_by_frame(seed: int) -> None:
    generator = np.random.default_rng(seed)
    is_speech = np.repeat(generator.random(200) < 0.5, generator.integers(1, 14, 200))
    probabilities = generator.uniform(0.6, 0.99, len(is_speech)).astype(np.float32)

    at_once = silero_detector._clear(is_speech, probabilities)
    burst = silero_detector.Burst()
    one_by_one = [burst.feed(bool(speech), float(sure)) for speech, sure in zip(is_speech, probabilities, strict=True)]

    assert at_once.tolist() == one_by_one
    assert 0 < at_once.sum() < is_speech.sum()


@pytest.mark.shared
def test_music_and_noise_are_hardly_speech(shared_dir: Path, tmp_path: Path) -> None:
    """148 s in which nobody speaks: at most one is taken for speech, padding apart."""
    seconds = 0.0
    for source in sorted((shared_dir / "audio/nonspeech").iterdir()):
        decode(source, tmp_path / "a.s16", DecodeLimits(3600, 60, 512))
        options = VadOptions(speech_pad_ms=0)
        frames = classify_frames(tmp_path / "a.s16", options)
        for span in find_speech(tmp_path / "a.s16", options).spans:
            first, end = (round(1000 * moment / options.step_ms) for moment in (span.start, span.end))
            seconds += frames.is_speech[first:end].sum() * options.step_ms / 1000
    assert seconds <= 1.0
