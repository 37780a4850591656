"""Punctuation by ct-punc inside an engine, and fsmn-vad."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine import SAMPLE_RATE, EngineSpec, RecognitionOptions, Utterance
from app.engine.funasr import load_engine
from app.engine.funasr.vad import load_vad
from app.engine.process import load
from tests.engine.sounds import Samples, babble
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


@pytest.mark.parametrize("longest_seconds", [1.0, 30.0])
def test_fsmn_vad_gives_spans_inside_the_waveform(models: FindModel, longest_seconds: float) -> None:
    waveform = np.concatenate([babble(2.5), np.zeros(8000, dtype=np.float32), babble(1.0)])
    spans = load_vad(models("vad")).spans(waveform, longest_seconds=longest_seconds)
    bounds = [bound for span in spans for bound in span]

    assert spans
    assert bounds == sorted(bounds)
    assert bounds[0] >= 0
    assert bounds[-1] <= len(waveform) / 16000
    assert all(end - start <= longest_seconds for start, end in spans)


def test_fsmn_vad_hears_nothing_in_nothing(models: FindModel) -> None:
    vad = load_vad(models("vad"))

    assert vad.spans(np.zeros(0, dtype=np.float32)) == ()
    assert vad.spans(np.zeros(160, dtype=np.float32)) == ()


def test_pieces_without_speech_get_no_text(models: FindModel) -> None:
    factory = "app.engine.funasr:load_engine"
    engine = load(EngineSpec(models("sensevoice"), threads=1, vad_model=models("vad"), factory=factory))
    silence = np.zeros(SAMPLE_RATE // 100, np.float32)
    [hypothesis] = engine.transcribe([Utterance(silence, RecognitionOptions())])

    assert (hypothesis.text, hypothesis.dropped) == ("", "no_speech")
    assert "speech_check" in {line.name for line in engine.receipt(RecognitionOptions())}
