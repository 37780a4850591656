"""How far the times of words are from where the words are: speech by espeak-ng, whose positions are known.

    python -m benchmarks.word_times [--model DIR] [--sentences 40]

Continuous sentences are compared with the synthesiser's own marks; the same sentences word by word, half a second
apart, with where each word was put. Only words that were recognised count. Times are milliseconds.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from app.domain.options import RecognitionOptions
from app.engine import SAMPLE_RATE, Engine, EngineSpec, Utterance, Waveform
from app.engine.native.recognizer import load_engine
from training.alignment import token_spans
from training.espeak import Delivery, espeak
from training.grammar import distinct_sentences, read_grammar
from training.normal_text import normal_text, tokens
from training.synthesise import resample

REPOSITORY = Path(__file__).resolve().parent.parent
VOICES = {
    "zh": ("cmn-latn-pinyin+f5", "cmn-latn-pinyin+Andy", "cmn-latn-pinyin+steph2"),
    "en": ("en+f5", "en-us+Andy", "en-us+steph2"),
}
FULL_SCALE = 32_768
AUDIBLE = 60  # of FULL_SCALE
GAP_SECONDS = 0.5
SEED = 77  # the sentences and voices are the same in every run


@dataclass(frozen=True, slots=True)
class Known:
    """A recording and where its words are, in seconds."""

    waveform: Waveform
    words: tuple[str, ...]
    spans: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Errors:
    """Of the words that were recognised: found minus true, in seconds."""

    starts: tuple[float, ...]
    ends: tuple[float, ...]
    words: int
    """How many were said."""


def main() -> None:
    options = _parse()
    engine = load_engine(EngineSpec(options.model, device="cpu"))
    print(f"{'speech':22} {'found':>9} | start: median  p90 | end: median  p90")
    for language in VOICES:
        chosen = sentences(language, options.sentences)
        kinds = {"continuous": map(continuous, chosen), "word by word": map(word_by_word, chosen)}
        for kind, recordings in kinds.items():
            _print(f"{language}, {kind}", measure(engine, recordings))


def sentences(language: str, count: int) -> list[tuple[str, Delivery]]:
    """Return sentences of the built-in model's domain, each with the voice that reads it."""
    grammar = read_grammar(REPOSITORY / "training" / "grammar" / f"{language}.txt")
    choose = random.Random(SEED)
    return [
        (text, Delivery(choose.choice(VOICES[language]), choose.randint(140, 220), choose.randint(20, 85)))
        for text in distinct_sentences(grammar, count, SEED)
    ]


def continuous(sentence: tuple[str, Delivery]) -> Known:
    """Read a sentence as one; the synthesiser tells where its words begin and its pauses are."""
    text, delivery = sentence
    samples = _spoken(text, delivery)
    spans = token_spans(text, espeak().marks, len(samples) * 1000 // SAMPLE_RATE)
    seconds = [GAP_SECONDS + milliseconds / 1000 for milliseconds in spans]
    silence = np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.float32)
    words = tuple(tokens(normal_text(text)))
    return Known(
        np.concatenate((silence, samples, silence)),
        words,
        tuple(zip(seconds[::2], seconds[1::2], strict=True)),
    )


def word_by_word(sentence: tuple[str, Delivery]) -> Known:
    """Read each word alone and put them one after the other, with silence between them."""
    text, delivery = sentence
    words = tuple(tokens(normal_text(text)))
    pieces: list[Waveform] = []
    spans: list[tuple[float, float]] = []
    at = 0
    for samples in (_audible(_spoken(word, delivery)) for word in words):
        at += round(GAP_SECONDS * SAMPLE_RATE)
        spans.append((at / SAMPLE_RATE, (at + len(samples)) / SAMPLE_RATE))
        pieces += [np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.float32), samples]
        at += len(samples)
    pieces.append(np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.float32))
    return Known(np.concatenate(pieces), words, tuple(spans))


def measure(engine: Engine, recordings: Iterable[Known]) -> Errors:
    """Recognise each recording and compare the words that are right."""
    starts: list[float] = []
    ends: list[float] = []
    said = 0
    for known in recordings:
        options = RecognitionOptions(itn=False, punctuation=False)
        [hypothesis] = engine.transcribe([Utterance(known.waveform, options)])
        said += len(known.words)
        for true, found in _matches(known.words, [word.text for word in hypothesis.words]):
            starts.append(hypothesis.words[found].start - known.spans[true][0])
            ends.append(hypothesis.words[found].end - known.spans[true][1])
    return Errors(tuple(starts), tuple(ends), said)


def _spoken(text: str, delivery: Delivery) -> Waveform:
    samples = resample(espeak().speak(text, delivery), espeak().sample_rate)
    return (samples / FULL_SCALE).astype(np.float32)


def _audible(samples: Waveform) -> Waveform:
    loud = np.flatnonzero(np.abs(samples) * FULL_SCALE > AUDIBLE)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


def _matches(true: Sequence[str], found: Sequence[str]) -> list[tuple[int, int]]:
    blocks = SequenceMatcher(None, true, found, autojunk=False).get_matching_blocks()
    return [(block.a + offset, block.b + offset) for block in blocks for offset in range(block.size)]


def _print(name: str, errors: Errors) -> None:
    columns = [
        1000 * np.percentile(np.abs(values), share) for values in (errors.starts, errors.ends) for share in (50, 90)
    ]
    found = f"{len(errors.starts)}/{errors.words}"
    print("{:22} {:>9} | {:13.0f} {:4.0f} | {:11.0f} {:4.0f}".format(name, found, *columns))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=REPOSITORY / "models" / "builtin")
    parser.add_argument("--sentences", type=int, default=40)
    return parser.parse_args()


if __name__ == "__main__":
    main()
