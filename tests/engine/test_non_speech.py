"""On non-speech the default model writes nothing, thanks to the detector and the guards.

Seven of the 150 generated sounds and one of the recordings reach the model; for them it writes " you", " Oh." or
" I'm sorry.", with a no-speech probability of 0.4 to 0.97.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.domain.options import RecognitionOptions, VadOptions
from app.engine import SAMPLE_RATE, Engine, EngineSpec, Utterance, Waveform
from app.engine.audio.decoding import decode, read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.vad.vad import find_speech
from app.engine.whisper import load_engine
from app.paths import large_model_dir
from tests.engine.sounds import write_pcm
from training.non_speech import non_speech

SOUNDS = 150
LONGEST = 4 * SAMPLE_RATE
MOST_PIECES = 15  # of the generated sounds: twice as many as today
DEFAULTS = VadOptions()


@pytest.fixture(scope="module", name="engine")
def _engine() -> Engine:
    folder = large_model_dir()
    if folder is None:
        pytest.skip("needs the large built-in model in models/builtin-large")
    return load_engine(EngineSpec(folder, device="cpu"))


def pieces_of(pcm: Path) -> list[Waveform]:
    """Return what the detector takes for speech, as the model gets it."""
    return [read_waveform(pcm, span.start, span.end) for span in find_speech(pcm, DEFAULTS).spans]


def written(engine: Engine, pieces: Sequence[Waveform]) -> list[str]:
    heard = engine.transcribe([Utterance(piece, RecognitionOptions()) for piece in pieces])
    assert all(each.dropped for each in heard if not each.text), "a receipt says why a text is not shown"
    return [each.text for each in heard if each.text]


def test_nothing_is_written_into_generated_sounds(engine: Engine, tmp_path: Path) -> None:
    """Noise, hum, tones, chords, melodies, drums, glides, clicks and near silence, of 2 to 4 s."""
    pieces: list[Waveform] = []
    for seed in range(SOUNDS):
        sound = non_speech(np.random.default_rng(seed))[:LONGEST]
        pieces += pieces_of(write_pcm(tmp_path / "a.s16", sound.astype(np.float32)))

    assert 0 < len(pieces) <= MOST_PIECES
    assert written(engine, pieces) == []


@pytest.mark.shared
def test_nothing_is_written_into_recordings_without_speech(engine: Engine, shared_dir: Path, tmp_path: Path) -> None:
    """Music, whales, noise and digital silence: 148 s."""
    recordings = sorted((shared_dir / "audio/nonspeech").iterdir())
    pieces: list[Waveform] = []
    for recording in recordings:
        decode(recording, tmp_path / "a.s16", DecodeLimits(3600, 60, 512))
        pieces += pieces_of(tmp_path / "a.s16")

    assert len(recordings) >= 6
    assert written(engine, pieces) == []
