"""The output units: blank, Chinese characters and English word pieces; text to ids and units.txt."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sentencepiece

from training.normal_text import is_han, tokens

SPECIAL = ("<blank>", "<unk>", "<sos/eos>")
BLANK, UNKNOWN = 0, 1


@dataclass(frozen=True)
class Vocabulary:
    """Ids of units; `pieces` cuts one lower-case English word into units ("▁" opens a word)."""

    units: tuple[str, ...]
    pieces: sentencepiece.SentencePieceProcessor

    @cached_property
    def ids(self) -> dict[str, int]:
        return {unit: number for number, unit in enumerate(self.units)}

    def encode(self, texts: Iterable[str]) -> list[list[int]]:
        ids = self.ids
        return [[ids.get(unit, UNKNOWN) for unit in self.cut(text)] for text in texts]

    def cut(self, text: str) -> list[str]:
        units: list[str] = []
        for token in tokens(text):
            units.extend([token] if is_han(token) else self.pieces.encode(token, out_type=str))
        return units


def build_vocabulary(
    texts: Sequence[str], *, folder: Path, num_pieces: int, max_characters: int, min_count: int
) -> Vocabulary:
    """Count characters and train the word pieces on normal texts; writes pieces.model and units.txt."""
    characters = Counter(c for text in texts for c in text if is_han(c))
    words = Counter(token for text in texts for token in tokens(text) if not is_han(token))
    _train_pieces(words, folder / "pieces.model", num_pieces)
    pieces = _load_pieces(folder / "pieces.model")
    han = [c for c, count in characters.most_common(max_characters) if count >= min_count]
    english = [pieces.id_to_piece(i) for i in range(1, pieces.get_piece_size())]
    vocabulary = Vocabulary((*SPECIAL, *sorted(han), *english), pieces)
    write_units(vocabulary.units, folder / "units.txt")
    return vocabulary


def load_vocabulary(folder: Path) -> Vocabulary:
    return Vocabulary(read_units(folder / "units.txt"), _load_pieces(folder / "pieces.model"))


def write_units(units: Sequence[str], path: Path) -> None:
    path.write_text("".join(f"{u} {i}\n" for i, u in enumerate(units)), encoding="utf-8")


def read_units(path: Path) -> tuple[str, ...]:
    return tuple(line.rsplit(" ", 1)[0] for line in path.read_text(encoding="utf-8").splitlines())


def _train_pieces(words: Counter[str], model: Path, num_pieces: int) -> None:
    rows = model.with_suffix(".tsv")
    rows.write_text("".join(f"{w}\t{n}\n" for w, n in sorted(words.items())), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(rows),
        input_format="tsv",
        model_prefix=str(model.with_suffix("")),
        model_type="unigram",
        vocab_size=num_pieces + 1,
        bos_id=-1,
        eos_id=-1,
        character_coverage=1.0,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    rows.unlink()


def _load_pieces(model: Path) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(model))
