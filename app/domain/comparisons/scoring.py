"""Comparison of two texts: units, error counts, and differences.

It deals with texts only: not with their origin or their display.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

import numpy as np

from app.domain.transcript import SPOKEN

LONGEST_ALIGNMENT = 20_000  # units; SequenceMatcher may take the product of two lengths


class PieceKind(StrEnum):
    """How a part of a text relates to another text."""

    SAME = "same"
    OTHER = "other"
    """Replaces something else, or was inserted."""
    MISSING = "missing"
    """Only in the other text."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text compared with another."""

    text: str
    kind: PieceKind


def units(text: str) -> list[str]:
    """Split into units: single Chinese characters and whole other words, without case and punctuation."""
    return SPOKEN.findall(_folded(text))


def is_by_character(text: str) -> bool:
    """Return whether the units of a text are characters rather than words: its error rate is then a CER, else a WER."""
    spoken = units(text)
    return sum(len(unit) == 1 and not unit.isascii() for unit in spoken) * 2 > len(spoken)


def error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Return wrong, missing and added units divided by the reference units."""
    spelled = [(units(said), units(heard)) for said, heard in pairs]
    total = sum(len(said) for said, _ in spelled)
    return sum(edits(said, heard) for said, heard in spelled) / max(1, total)


def edits(said: Sequence[str], heard: Sequence[str]) -> int:
    """Return the minimum number of edits from one to the other (Levenshtein, 1966)."""
    ids = {unit: id for id, unit in enumerate({*said, *heard})}
    heard_ids = np.array([ids[unit] for unit in heard], dtype=np.int64)
    steps = np.arange(len(heard) + 1)
    row = steps.copy()
    for unit in said:
        best = np.empty_like(row)
        best[0] = row[0] + 1
        best[1:] = np.minimum(row[1:] + 1, row[:-1] + (heard_ids != ids[unit]))
        row = np.minimum.accumulate(best - steps) + steps  # insertions accumulate along the row
    return int(row[-1])


def pieces(first: str, second: str) -> tuple[Piece, ...]:
    """Return `second` in stretches that `first` has and has not, and between them what `first` has alone.

    Marks and capitals make no difference. Texts that are too long to be laid beside each other are one stretch.

    >>> [(piece.text, piece.kind.value) for piece in pieces("one two three", "one too")]
    [('one ', 'same'), ('too', 'other')]
    """
    a, b = _placed(first), _placed(second)
    if max(len(a), len(b)) > LONGEST_ALIGNMENT:
        return (Piece(second, PieceKind.SAME),)
    found: list[Piece] = []
    at = 0
    matcher = SequenceMatcher(None, [unit for unit, _, _ in a], [unit for unit, _, _ in b], autojunk=False)
    for kind, begin_a, end_a, begin, end in matcher.get_opcodes():
        if kind == "equal":
            continue
        where = b[begin][1] if begin < len(b) else len(second)
        found.append(Piece(second[at:where], PieceKind.SAME))
        at = where
        if end > begin:
            at = b[end - 1][2]
            found.append(Piece(second[where:at], PieceKind.OTHER))
        else:
            found.append(Piece(first[a[begin_a][1] : a[end_a - 1][2]], PieceKind.MISSING))
    found.append(Piece(second[at:], PieceKind.SAME))
    return tuple(piece for piece in found if piece.text)


def marked(first: str, second: str) -> str:
    """Return `second` with what differs from `first` in brackets: `[other words]`, `[-missing-]`.

    >>> marked("one two three four", "one too four")
    'one [too] four'
    """
    brackets = {PieceKind.SAME: "{}", PieceKind.OTHER: "[{}]", PieceKind.MISSING: "[-{}-] "}
    return "".join(brackets[piece.kind].format(piece.text) for piece in pieces(first, second))


def spread(reference: str, texts: Sequence[str]) -> list[str]:
    """Cut a text into parts, one for each of `texts`, which say the same one after the other.

    Each word of the reference goes where the text has it; what no text has stays beside its neighbours. All parts
    joined are the reference. Of texts that are too long to be laid beside each other every part is empty.

    >>> spread("one two, three four", ["one two", "tree four"])
    ['one two, ', 'three four']
    """
    said = _placed(reference)
    heard = [(unit, number) for number, text in enumerate(texts) for unit in units(text)]
    if not heard or max(len(said), len(heard)) > LONGEST_ALIGNMENT:
        return [""] * len(texts)
    starts = _first_units(said, heard, len(texts))
    cuts = [said[start][1] if start < len(said) else len(reference) for start in starts]
    cuts[0] = 0
    return [reference[begin:end] for begin, end in zip(cuts, [*cuts[1:], len(reference)], strict=True)]


def _first_units(said: list[tuple[str, int, int]], heard: list[tuple[str, int]], count: int) -> list[int]:
    """Return for each of `count` texts the number of the first unit of the reference that belongs to it."""
    owners = [0] * len(said)
    matcher = SequenceMatcher(None, [unit for unit, _, _ in said], [unit for unit, _ in heard], autojunk=False)
    for _, begin, end, begin_heard, end_heard in matcher.get_opcodes():
        for place in range(begin, end):
            share = begin_heard + (place - begin) * (end_heard - begin_heard) // (end - begin)
            neighbour = min(share, len(heard) - 1) if end_heard > begin_heard else max(0, begin_heard - 1)
            owners[place] = heard[neighbour][1]
    return [
        next((place for place, owner in enumerate(owners) if owner >= number), len(said)) for number in range(count)
    ]


def _placed(text: str) -> list[tuple[str, int, int]]:
    """Return each unit with the place where it begins and ends in `text`."""
    return [(found[0], found.start(), found.end()) for found in SPOKEN.finditer(_folded(text))]


def _folded(text: str) -> str:
    """Return one character for each, so that places stay."""
    folded = (unicodedata.normalize("NFKC", letter).lower() for letter in text)
    return "".join(new if len(new) == 1 else old for new, old in zip(folded, text, strict=True))
