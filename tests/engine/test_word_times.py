"""The built-in model's word times against the true ones."""

import ctypes.util
from itertools import pairwise
from statistics import median

import pytest

from app.domain.options import RecognitionOptions
from app.engine import EngineSpec, Utterance
from app.engine.native.recognizer import load_engine
from benchmarks.word_times import REPOSITORY, continuous, measure, sentences, word_by_word

MODEL = REPOSITORY / "models" / "builtin"
SENTENCES = 8
MOST_SECONDS = 0.08

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(not (MODEL / "final.pt").exists(), reason="models/builtin has no weights"),
    pytest.mark.skipif(not ctypes.util.find_library("espeak-ng"), reason="espeak-ng is not installed"),
]


@pytest.fixture(scope="module")
def engine():
    return load_engine(EngineSpec(MODEL, device="cpu", threads=1))


@pytest.mark.parametrize(("speak", "least_found"), [(continuous, 0.7), (word_by_word, 0.2)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_median_word_begins_and_ends_within_80_milliseconds(engine, language, speak, least_found):
    errors = measure(engine, map(speak, sentences(language, SENTENCES)))
    assert len(errors.starts) >= least_found * errors.words
    assert median(map(abs, errors.starts)) <= MOST_SECONDS
    assert median(map(abs, errors.ends)) <= MOST_SECONDS


@pytest.mark.parametrize("quality", ["fast", "balanced", "accurate"])
def test_in_every_search_words_are_in_order_and_map_both_texts(engine, quality):
    for sentence in sentences("zh", 4):
        waveform = continuous(sentence).waveform
        [found] = engine.transcribe([Utterance(waveform, RecognitionOptions(quality=quality))])
        assert all(before.end <= after.start for before, after in pairwise(found.words))
        assert all(0 <= word.start < word.end <= len(waveform) / 16_000 for word in found.words)
        assert all(0 <= word.confidence <= 1 for word in found.words)
        assert bare("".join(word.text for word in found.words)) == bare(found.text)
        assert bare("".join(word.raw or word.text for word in found.words)) == bare(found.text_raw)


def bare(text):
    return "".join(text.split())
