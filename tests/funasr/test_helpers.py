"""ct-punc next to an engine of this family."""

from __future__ import annotations

from app.domain.options import RecognitionOptions
from app.engine import EngineSpec, Utterance
from app.engine.funasr import load_engine
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
