"""The network in numpy matches the published one, in one go and frame by frame."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors.models import ModelFileUnreadable
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.engine.vad.silero import FRAME_SAMPLES, WEIGHTS, Hearing, silero
from app.paths import builtin_model_dir

GOLDEN = Path(__file__).parents[1] / "data" / "silero.json"
"""What `silero_vad.jit` of silero-vad 6.2.3 says of the golden sample of the built-in model, frame by frame."""


@pytest.fixture(name="frames")
def _frames(tmp_path: Path) -> np.ndarray:
    folder = builtin_model_dir()
    audio = json.loads((folder / "golden.json").read_text())["audio"]
    decode(folder / audio, tmp_path / "a.s16", DecodeLimits(60, 60, 512))
    samples = np.fromfile(tmp_path / "a.s16", dtype="<i2").astype(np.float32) / 32768
    return samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)


def test_it_answers_as_the_published_network(frames: np.ndarray) -> None:
    golden = np.array(json.loads(GOLDEN.read_text()))

    found = Hearing(silero()).probabilities(frames)

    assert len(found) == len(golden) > 60
    assert golden.min() < 0.1
    assert golden.max() > 0.9
    assert np.abs(found - golden).max() < 1e-4


@pytest.mark.parametrize("size", [1, 7, 64, 65])
def test_what_it_remembers_makes_pieces_the_same_as_the_whole(frames: np.ndarray, size: int) -> None:
    whole = Hearing(silero()).probabilities(frames)

    hearing = Hearing(silero())
    pieces = [hearing.probabilities(frames[first : first + size]) for first in range(0, len(frames), size)]

    assert np.abs(np.concatenate(pieces) - whole).max() < 1e-5


def test_no_frames_have_no_probabilities() -> None:
    assert len(Hearing(silero()).probabilities(np.zeros((0, FRAME_SAMPLES), dtype=np.float32))) == 0


@pytest.mark.parametrize("damage", [b"", b"\xff" * 64, WEIGHTS.read_bytes()[:-4]], ids=["empty", "other", "cut"])
def test_weights_that_are_not_the_published_ones_are_refused(
    damage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "weights"
    file.write_bytes(damage)
    monkeypatch.setattr("app.engine.vad.silero.WEIGHTS", file)
    silero.cache_clear()

    with pytest.raises(ModelFileUnreadable, match="publisher"):
        silero()
    file.unlink()
    with pytest.raises(ModelFileUnreadable, match="No such file"):
        silero()
