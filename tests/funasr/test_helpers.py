"""ct-punc behind the Punctuator seam, and fsmn-vad."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from app.engine import SAMPLE_RATE, EngineSpec, RecognitionOptions, Utterance
from app.engine.funasr import load_engine
from app.engine.funasr.loading import kept_process
from app.engine.funasr.punctuation import load_punctuator
from app.engine.funasr.vad import load_vad
from app.engine.process import load
from app.transcript import Word
from tests.engine.sounds import Samples, babble
from tests.funasr.conftest import FindModel, FindNetwork, needs_funasr

pytestmark = needs_funasr

SPOKEN = (
    *"今天气很好我们去公园玩",
    "hello",
    "world",
    *"开放时间",
    "testing",
    *"电话",
) * 3  # more than one window
MARKS = "，。？、,.?"


def words(texts: tuple[str, ...]) -> tuple[Word, ...]:
    return tuple(Word(text, 0.2 * index, 0.2 * index + 0.1, 0.9) for index, text in enumerate(texts))


def test_ct_punc_places_its_marks_and_keeps_words_and_times(models: FindModel, networks: FindNetwork) -> None:
    said = words(SPOKEN)
    marked = load_punctuator(models("punctuation")).punctuate(said, 20.0)

    assert [word.text.rstrip(MARKS).lower() for word in marked] == [word.text for word in said]
    assert [word.raw or word.text for word in marked] == [word.text for word in said]
    assert [(word.start, word.end) for word in marked] == [(word.start, word.end) for word in said]
    with kept_process(), torch.inference_mode():
        [theirs] = networks("punctuation").auto.generate([" ".join(SPOKEN)])
    written = "".join(word.text for word in marked)
    assert half_width(written) == half_width("".join(theirs["text"].replace("<unk>", "").split()))
    assert any(mark in written for mark in MARKS)


def test_ct_punc_hears_figures_as_they_were_spoken(models: FindModel) -> None:
    punctuator = load_punctuator(models("punctuation"))
    spoken = punctuator.punctuate(words(tuple("今天二零二五年很好")), 9.0)
    figures = (*words(tuple("今天")), Word("2025年", 1.0, 2.0, 0.9, "二零二五年"), *words(tuple("很好")))

    written = punctuator.punctuate(figures, 9.0)

    assert [marks_of(written[index].text) for index in (0, 1, 2, 3, 4)] == [
        marks_of(spoken[index].text) for index in (0, 1, 6, 7, 8)
    ]
    assert written[2].text.startswith("2025年")


def test_ct_punc_leaves_marks_that_are_there_and_takes_nothing(models: FindModel) -> None:
    punctuator = load_punctuator(models("punctuation"))
    punctuated = words(("好", "吧。"))

    assert punctuator.punctuate(punctuated, 1.0) == punctuated
    assert punctuator.punctuate((), 1.0) == ()


def test_a_text_that_names_a_file_is_not_opened(models: FindModel) -> None:
    marked = load_punctuator(models("punctuation")).punctuate(words(("/etc/hostname",)), 1.0)

    assert marked[0].text.lower().startswith("/etc/hostname")


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


def half_width(text: str) -> str:
    return text.lower().translate(str.maketrans("，。？、", ",.?,"))


def marks_of(text: str) -> str:
    return "".join(letter for letter in text if letter in MARKS)


def test_pieces_without_speech_get_no_text(models: FindModel) -> None:
    factory = "app.engine.funasr:load_engine"
    engine = load(EngineSpec(models("sensevoice"), threads=1, vad_model=models("vad"), factory=factory))
    silence = np.zeros(SAMPLE_RATE // 100, np.float32)
    [hypothesis] = engine.transcribe([Utterance(silence, RecognitionOptions())])

    assert (hypothesis.text, hypothesis.dropped) == ("", "no_speech")
    assert "speech_check" in {line.name for line in engine.receipt(RecognitionOptions())}
