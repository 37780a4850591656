"""Chooses the sentences to speak: grammar and corpora, without repeats, with some kept for the test.

Run: python -m training.sentences. Writes WORK/sentences.tsv (set, language, source, text) and the vocabulary.
"""

import csv
import lzma
import random
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from training.config import Config, TextConfig, config_from_command_line
from training.grammar import distinct_sentences, read_grammar
from training.normal_text import is_speakable, normal_text
from training.vocabulary import build_vocabulary

Candidate = tuple[str, str, str]
"""Language, source and text."""

GRAMMAR = Path(__file__).parent / "grammar"


@dataclass(frozen=True)
class Sentence:
    set: str
    language: str
    source: str
    text: str


def main() -> None:
    config = config_from_command_line(__doc__)
    config.work.mkdir(parents=True, exist_ok=True)
    chosen = choose_sentences(config)
    with (config.work / "sentences.tsv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows(astuple(sentence) for sentence in chosen)
    texts = [normal_text(s.text) for s in chosen if s.set == "train"] + list(transcripts(config))
    options = config.vocabulary
    vocabulary = build_vocabulary(
        texts,
        folder=config.work,
        num_pieces=options.num_pieces,
        max_characters=options.max_characters,
        min_count=options.min_count,
    )
    print(f"{len(chosen)} sentences, {len(vocabulary.units)} units")


def read_sentences(config: Config) -> list[Sentence]:
    with (config.work / "sentences.tsv").open(encoding="utf-8", newline="") as file:
        return [Sentence(*row) for row in csv.reader(file, delimiter="\t")]


def choose_sentences(config: Config) -> list[Sentence]:
    """Every sentence once (as normal text); its checksum decides whether it is kept for the test.

    Those of `text.widen` make the training wider; they are in no test.
    """
    options, seen = config.text, set[str]()
    corpora = {
        "zh": list(read_corpus(options.zh, options.zh_sources)),
        "en": list(read_corpus(options.en, options.en_sources)),
    }
    spoken = _taken(corpora, options.take, options.max_characters, config.seed)
    chosen = [
        Sentence("test" if _is_held_out(text, options) else "train", language, source, text)
        for language, source, text in _distinct(chain(_grammars(config), spoken), seen)
    ]
    random.Random(config.seed).shuffle(chosen)
    wide = _taken(corpora, options.widen, options.widen_characters, config.seed)
    return chosen + [Sentence("wide", *candidate) for candidate in _distinct(wide, seen)]


def _distinct(candidates: Iterable[Candidate], seen: set[str]) -> Iterator[Candidate]:
    """Those that can be spoken and are not in `seen`, which they enter."""
    for language, source, text in candidates:
        normal = normal_text(text)
        if normal not in seen and is_speakable(text):
            seen.add(normal)
            yield language, source, text


def _is_held_out(text: str, options: TextConfig) -> bool:
    return zlib.crc32(normal_text(text).encode()) % options.held_out_one_in == 0


def _grammars(config: Config) -> Iterator[Candidate]:
    for name, count in config.text.grammar.items():
        grammar = read_grammar(GRAMMAR / f"{name}.txt")
        for text in distinct_sentences(grammar, count, config.seed):
            yield name, "grammar", text


def _taken(
    corpora: Mapping[str, Sequence[tuple[str, str]]], take: dict[str, int], longest: dict[str, int], seed: int
) -> Iterator[Candidate]:
    """At most as many sentences of each source as `take` says, none longer than `longest` of its language."""
    for language, rows in corpora.items():
        for source, count in take.items():
            lines = [t for s, t in rows if s == source and len(t) <= longest[language] and _is_pure(t, language)]
            for text in random.Random(seed).sample(lines, min(count, len(lines))):
                yield language, source, text


def read_corpus(text_path: str, sources_path: str) -> Iterator[tuple[str, str]]:
    """Source and text of each line."""
    with opened(Path(text_path)) as texts, opened(Path(sources_path)) as sources:
        for source, text in zip(sources, texts, strict=True):
            yield source.strip(), text.strip()


def _is_pure(text: str, language: str) -> bool:
    """Chinese lines with Latin letters have no settled reading; the mixed grammar covers them."""
    has_latin = any(c.isascii() and c.isalpha() for c in text)
    return has_latin == (language == "en")


def opened(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def transcripts(config: Config) -> Iterable[str]:
    for name in config.speech_train:
        with (config.speech / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                yield normal_text(row["text"])


if __name__ == "__main__":
    main()
