"""ct-punc and fsmn-vad beside an engine of this family."""

from __future__ import annotations

import numpy as np

from app.engine import SAMPLE_RATE, EngineSpec, RecognitionOptions, Utterance
from app.engine.funasr import load_engine
from app.engine.process import load
from tests.engine.sounds import Samples
from tests.funasr.conftest import FindModel, needs_funasr

pytestmark = needs_funasr

MARKS = "，。？、,.?"


def test_an_engine_punctuates_with_the_model_it_was_given(models: FindModel, speech: Samples) -> None:
    spec = EngineSpec(models("seaco"), device="cpu", threads=1, punctuation_model=models("punctuation"))
    engine = load_engine(spec)
    [marked, plain] = engine.transcribe(
        [Utterance(speech, RecognitionOptions()), Utterance(speech, RecognitionOptions(punctuation=False))]
    )

    assert any(mark in marked.text for mark in MARKS)
    assert not any(mark in plain.text for mark in MARKS)
    assert marked.text_raw == plain.text_raw


def test_pieces_without_speech_get_no_text(models: FindModel) -> None:
    factory = "app.engine.funasr:load_engine"
    engine = load(EngineSpec(models("sensevoice"), threads=1, vad_model=models("vad"), factory=factory))
    silence = np.zeros(SAMPLE_RATE // 100, np.float32)
    [hypothesis] = engine.transcribe([Utterance(silence, RecognitionOptions())])

    assert (hypothesis.text, hypothesis.dropped) == ("", "no_speech")
    assert "speech_check" in {line.name for line in engine.receipt(RecognitionOptions())}
