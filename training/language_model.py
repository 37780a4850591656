"""Estimates the n-grams that lie beside the network, from text, transcripts and the sentences of the synthesis.

Run: python -m training.language_model --out models/builtin. Writes language_model.npz and brings SHA256SUMS up to date.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.decoding.language_model import NGRAM_FILE, STEPS_PER_NAT
from training.config import Config, LanguageModelConfig, load_config
from training.export import write_checksums
from training.ngrams import Ids, Level, bits_of, estimate
from training.normal_text import normal_text
from training.sentences import read_corpus, read_sentences, transcripts
from training.vocabulary import Vocabulary, load_vocabulary

BOUNDARY = 2  # <sos/eos>


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--out", type=Path, default=Path("models/builtin"))
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    vocabulary = load_vocabulary(config.work)
    units = in_a_row(texts(config), vocabulary)
    levels = estimate(units, num_units=len(vocabulary.units), boundary=BOUNDARY, cut=config.language_model.cut)
    size = write(levels, config.language_model, arguments.out / NGRAM_FILE)
    write_checksums(arguments.out)
    counts = " + ".join(str(len(level.keys)) for level in levels)
    print(f"{len(units)} units read; {counts} n-grams kept, {size / 1e6:.1f} MB")


def texts(config: Config) -> Iterator[str]:
    """Every normal text that the model may learn from; nothing that is kept for a test."""
    sentences = read_sentences(config)
    kept = {normal_text(s.text) for s in sentences if s.set == "test"}
    yield from (text for text in _corpora(config) if text not in kept)
    yield from transcripts(config)
    yield from (normal_text(s.text) for s in sentences if s.set == "train")


def _corpora(config: Config) -> Iterator[str]:
    left_out = set(config.language_model.leave_out)
    for path, sources in ((config.text.zh, config.text.zh_sources), (config.text.en, config.text.en_sources)):
        yield from (normal_text(text) for source, text in read_corpus(path, sources) if source not in left_out)


def in_a_row(sentences: Iterator[str], vocabulary: Vocabulary) -> Ids:
    """Ids of all sentences, with the boundary before, between and after them."""
    row = [BOUNDARY]
    for sentence in sentences:
        [ids] = vocabulary.encode([sentence])
        if ids:
            row.extend(ids)
            row.append(BOUNDARY)
    return np.array(row, dtype=np.int64)


def write(levels: Sequence[Level], options: LanguageModelConfig, file: Path) -> int:
    """Write the arrays that app.engine.decoding.language_model reads; returns the size in bytes."""
    bits = bits_of(len(levels[0].keys))
    numbers = {"order": len(levels), "boundary": BOUNDARY, "weight": options.weight, "bonus": options.bonus}
    arrays: dict[str, NDArray[Any]] = {name: np.array(number) for name, number in numbers.items()}
    for number, level in enumerate(levels, 1):
        arrays[f"units_{number}"] = (level.keys & ((1 << bits) - 1)).astype(np.uint16)
        arrays[f"log_probs_{number}"] = _codes(level.probabilities)
        if number < len(levels):
            arrays[f"back_offs_{number}"] = _codes(level.back_offs)
            begins = levels[number].keys >> bits
            first, past = (np.searchsorted(begins, level.keys, side) for side in ("left", "right"))
            arrays[f"longer_{number}"] = (past - first).astype(np.uint16)
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.stat().st_size


def _codes(probabilities: NDArray[np.float64]) -> NDArray[np.uint8]:
    steps = np.round(-np.log(probabilities) * STEPS_PER_NAT)
    return np.clip(steps, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
