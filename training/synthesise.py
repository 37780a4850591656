"""Speaks the chosen sentences with espeak-ng's many voices into packs.

Run: python -m training.synthesise. Writes WORK/synthetic-N and wide-N (training) and WORK/test-zh, test-en, test-mixed.
"""

import random
import zlib
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from training.alignment import token_spans
from training.config import Config, VoiceConfig, config_from_command_line
from training.espeak import Delivery, espeak
from training.normal_text import normal_text
from training.packing import SAMPLE_RATE, Samples, writing
from training.sentences import Sentence, read_sentences
from training.syllables import syllables

SHARDS = 16


def main() -> None:
    config = config_from_command_line(__doc__)
    sentences = read_sentences(config)
    jobs: list[tuple[Path, Sequence[Sentence]]] = []
    for set_, name in (("train", "synthetic"), ("wide", "wide")):
        spoken = [s for s in sentences if s.set == set_]
        jobs += [(config.work / f"{name}-{i}", spoken[i::SHARDS]) for i in range(SHARDS)]
    for language in ("zh", "en", "mixed"):
        test = [s for s in sentences if s.set == "test" and s.language == language]
        jobs.append((config.work / f"test-{language}", _balanced(test, config.test_sentences)))
    with get_context("spawn").Pool(2) as pool:
        for name, hours in pool.imap_unordered(partial(_speak_all, config), jobs):
            print(f"{name}: {hours:.1f} h", flush=True)


def _balanced(sentences: list[Sentence], count: int) -> list[Sentence]:
    """Half from the grammar (the home ground), half from everyday text; all of them where there is no text."""
    grammar = [s for s in sentences if s.source == "grammar"]
    others = [s for s in sentences if s.source != "grammar"]
    return grammar[: count - min(len(others), count // 2)] + others[: count // 2]


def _speak_all(config: Config, job: tuple[Path, Sequence[Sentence]]) -> tuple[str, float]:
    pack, sentences = job
    seconds = 0.0
    with writing(pack) as writer:
        for sentence in sentences:
            samples = speak(sentence, delivery_of(sentence, config.voices, config.seed))
            marks = tuple(espeak().marks)
            if not 0.2 < len(samples) / SAMPLE_RATE < config.max_seconds:
                continue
            text = normal_text(sentence.text)
            spans = token_spans(sentence.text, marks, len(samples) * 1000 // SAMPLE_RATE)
            writer.add(
                samples,
                text=text,
                language=sentence.language,
                condition=f"espeak {sentence.source}",
                syllables=" ".join(syllables(text)),
                spans_ms=spans,
            )
            seconds += len(samples) / SAMPLE_RATE
    return pack.name, seconds / 3600


def delivery_of(sentence: Sentence, voices: VoiceConfig, seed: int) -> Delivery:
    """The voice of a sentence, always the same one for the same seed; test sentences get the held-out ones."""
    random_ = random.Random(zlib.crc32(sentence.text.encode()) ^ seed)
    weights = voices.en if sentence.language == "en" else voices.zh
    voice = random_.choices(list(weights), list(weights.values()))[0]
    variant = random_.choice(voices.held_out if sentence.set == "test" else voices.variants)
    return Delivery(
        voice=f"{voice}+{variant}" if variant else voice,
        rate=random_.randint(*voices.rate),
        pitch=random_.randint(*voices.pitch),
        range=random_.randint(*voices.range),
    )


def speak(sentence: Sentence, delivery: Delivery) -> Samples:
    """16 kHz samples, without most of the silence that espeak-ng adds at the end."""
    samples = resample(espeak().speak(sentence.text, delivery), espeak().sample_rate)
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 60)
    return samples[: loud[-1] + SAMPLE_RATE // 10] if len(loud) else samples[:0]


def resample(samples: Samples, rate: int) -> Samples:
    """To 16 kHz by cutting or padding the spectrum of the whole utterance."""
    if rate == SAMPLE_RATE or not len(samples):
        return samples
    # The length is rounded up to whole periods of both rates, in a size that the FFT likes.
    period = rate // np.gcd(rate, SAMPLE_RATE)
    periods = 32 * -(-len(samples) // (32 * period))
    target = periods * (SAMPLE_RATE // np.gcd(rate, SAMPLE_RATE))
    spectrum = np.fft.rfft(samples.astype(np.float32), periods * period)[: target // 2 + 1]
    wave = np.fft.irfft(spectrum, target) * (target / (periods * period))
    wave = wave[: len(samples) * SAMPLE_RATE // rate]
    rounded: Samples = np.clip(np.round(wave), -32768, 32767).astype(np.int16)
    return rounded


if __name__ == "__main__":
    main()
