"""Before a language is forced, the engine records the share of the other one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.domain.options import RecognitionOptions
from app.engine import EngineSpec, Utterance
from app.engine.audio.decoding import decode, read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.native.recognizer import load_engine
from app.paths import builtin_model_dir

MODEL = builtin_model_dir()


@pytest.mark.weights
@pytest.mark.skipif(not (MODEL / "golden.json").is_file(), reason="needs models/builtin")
def test_mixed_speech_is_partly_foreign_to_a_chosen_language(tmp_path: Path) -> None:
    golden = MODEL / json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))["audio"]
    facts = decode(golden, tmp_path / "a.s16", DecodeLimits(60, 60, 2048))
    waveform = read_waveform(tmp_path / "a.s16", 0, facts.duration)
    engine = load_engine(EngineSpec(MODEL, "cpu", dtype="float32"))
    languages = ("en", "zh", "auto")

    heard = engine.transcribe([Utterance(waveform, RecognitionOptions(language)) for language in languages])
    english, chinese, free = (each.foreign_share for each in heard)
    assert free is None
    assert english is not None
    assert chinese is not None
    assert 0.3 < english < 0.8
    assert english + chinese == pytest.approx(1, abs=0.1)
