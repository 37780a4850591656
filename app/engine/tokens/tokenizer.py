"""Converts token ids to text: Chinese characters, letters and BPE pieces of one vocabulary. No probabilities."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.domain.errors.models import ModelFileMissing, ModelFileUnreadable

UNITS_FILE = "units.txt"
WORD_START = "\u2581"  # SentencePiece's space before a word, part of its first piece
HAN = "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
LETTER = "[A-Za-z\u00c0-\u024f]"
SPECIAL = re.compile(r"<[^<>]+>")  # <blank>, <unk>, <sos/eos>, <noise>, ...
SPACE = "<space>"  # WeNet's spelling of a space between words


@dataclass(frozen=True)
class Tokenizer:
    """The units of a model; a unit's index is its id."""

    units: tuple[str, ...]

    @classmethod
    def from_folder(cls, folder: Path) -> Tokenizer:
        """Read units.txt: a unit and its id per line.

        Raises:
            ModelFileMissing, ModelFileUnreadable: there is none, or its ids are not 0, 1, 2, ...
        """
        file = folder / UNITS_FILE
        if not file.is_file():
            raise ModelFileMissing(folder=str(folder), file=UNITS_FILE)
        try:
            units = _parse(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelFileUnreadable(file=str(file), reason=str(error)) from error
        return cls(units)

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text: Chinese without spaces, one space between words and between the two scripts."""
        text = "".join(self._written[token] for token in tokens)
        text = re.sub(rf"(?<={HAN})\s+(?={HAN})", "", text)
        text = re.sub(rf"(?<={HAN})(?={LETTER})|(?<={LETTER})(?={HAN})", " ", text)
        return " ".join(text.split())

    def written(self, token: int) -> str:
        """Return the characters of one token, including separating spaces; empty for a special token."""
        return self._written[token]

    @cached_property
    def han_ids(self) -> frozenset[int]:
        """Units that contain a Chinese character."""
        return self._ids_with(HAN)

    @cached_property
    def latin_ids(self) -> frozenset[int]:
        """Units that contain a Latin letter."""
        return self._ids_with(LETTER)

    @property
    def languages(self) -> tuple[str, ...]:
        """`zh` and `en`, as far as the units can write them."""
        return ("zh",) * bool(self.han_ids) + ("en",) * bool(self.latin_ids)

    @cached_property
    def _written(self) -> tuple[str, ...]:
        return tuple(_write(unit) for unit in self.units)

    def _ids_with(self, pattern: str) -> frozenset[int]:
        return frozenset(i for i, written in enumerate(self._written) if re.search(pattern, written))


def _write(unit: str) -> str:
    if unit == SPACE:
        return " "
    return "" if SPECIAL.fullmatch(unit) else unit.replace(WORD_START, " ")


def _parse(text: str) -> tuple[str, ...]:
    units: dict[int, str] = {}
    for number, line in enumerate(filter(str.strip, text.split("\n")), start=1):
        unit, _, id_text = line.rstrip().rpartition(" ")
        if not unit or not id_text.isdecimal() or int(id_text) in units:
            raise ValueError(f"line {number} is not a unit with an id of its own: {line[:40]!r}")
        units[int(id_text)] = unit
    if set(units) != set(range(len(units))):
        raise ValueError("the ids are not 0, 1, 2, ... without a gap")
    return tuple(units[i] for i in range(len(units)))
