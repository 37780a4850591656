"""Chooses the sentences to speak: grammar and corpora, without repeats, with some kept for the test.

Run: python -m training.sentences. Writes WORK/sentences.tsv (set, language, source, text) and the vocabulary.
"""

import csv
import lzma
import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import IO

from training.config import Config, TextConfig, config_from_command_line
from training.grammar import distinct_sentences, read_grammar
from training.normal_text import is_speakable, normal_text
from training.vocabulary import build_vocabulary

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
    seen: set[str] = set()
    chosen = []
    for language, source, text in _candidates(config):
        normal = normal_text(text)
        if normal in seen or not is_speakable(text):
            continue
        seen.add(normal)
        held_out = zlib.crc32(normal.encode()) % config.text.held_out_one_in == 0
        chosen.append(Sentence("test" if held_out else "train", language, source, text))
    random.Random(config.seed).shuffle(chosen)
    for language, source, text in _widening(config):
        normal = normal_text(text)
        if normal not in seen and is_speakable(text):
            seen.add(normal)
            chosen.append(Sentence("wide", language, source, text))
    return chosen


def _candidates(config: Config) -> Iterator[tuple[str, str, str]]:
    for name, count in config.text.grammar.items():
        grammar = read_grammar(GRAMMAR / f"{name}.txt")
        for text in distinct_sentences(grammar, count, config.seed):
            yield name, "grammar", text
    yield from _corpora(config.text, config.text.take, config.text.max_characters, config.seed)


def _widening(config: Config) -> Iterator[tuple[str, str, str]]:
    yield from _corpora(config.text, config.text.widen, config.text.widen_characters, config.seed)


def _corpora(
    text: TextConfig, take: dict[str, int], longest: dict[str, int], seed: int
) -> Iterator[tuple[str, str, str]]:
    yield from _corpus("zh", read_corpus(text.zh, text.zh_sources), take, longest["zh"], seed)
    yield from _corpus("en", read_corpus(text.en, text.en_sources), take, longest["en"], seed)


def _corpus(
    language: str, corpus: Iterable[tuple[str, str]], take: dict[str, int], longest: int, seed: int
) -> Iterator[tuple[str, str, str]]:
    rows = list(corpus)
    for source, count in take.items():
        lines = [t for s, t in rows if s == source and len(t) <= longest and _is_pure(t, language)]
        for text in random.Random(seed).sample(lines, min(count, len(lines))):
            yield language, source, text


def read_corpus(text_path: str, sources_path: str) -> Iterator[tuple[str, str]]:
    """Source and text of each line."""
    with _opened(Path(text_path)) as texts, _opened(Path(sources_path)) as sources:
        for source, text in zip(sources, texts, strict=True):
            yield source.strip(), text.strip()


def _is_pure(text: str, language: str) -> bool:
    """Chinese lines with Latin letters have no settled reading; the mixed grammar covers them."""
    has_latin = any(c.isascii() and c.isalpha() for c in text)
    return has_latin == (language == "en")


def _opened(path: Path) -> IO[str]:
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
