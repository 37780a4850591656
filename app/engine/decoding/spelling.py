"""Spelling of phrases by units: both are converted to the same letters, whatever the units are.

A letter is a Chinese character, a letter within a word, or the marked first letter of a word. So `hello`,
`▁hel lo`, `▁ h e l l o` and `HELLO` are one spelling, and no segmentation into units needs to be chosen.
"""

from __future__ import annotations

import unicodedata
from functools import cached_property

from app.domain.hotwords import PUNCTUATION
from app.engine.tokens.tokenizer import WORD_START, Tokenizer

WORDLESS = "\u2e80"  # scripts from here on are written without spaces, each character separately


class Speller:
    """Spells the units of one model and phrases alike."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._units = [_folded(tokenizer.written(token)) for token in range(len(tokenizer.units))]
        self._parts_words = any(" " in unit for unit in self._units)

    def unit(self, token: int, *, inside_word: bool) -> tuple[list[str], bool]:
        """Return the letters of a unit, and whether a word continues after it.

        Args:
            token: the id of the unit.
            inside_word: whether it is preceded by an unfinished word.
        """
        return self._letters(self._units[token], inside_word=inside_word)

    def phrase(self, text: str) -> list[str]:
        """Return the letters of a phrase; unspoken characters (quotes, full stops) separate words."""
        spoken = "".join(
            character if character in self._written or not PUNCTUATION.fullmatch(character) else " "
            for character in _folded(text)
        )
        return self._letters(spoken, inside_word=False)[0]

    def unknown(self, text: str) -> str:
        """Return the characters of a phrase that no unit can spell; empty if there are none."""
        letters = self.phrase(text)
        if not letters:
            return text  # nothing in it is spoken
        missing = [letter for letter in letters if letter.lstrip(WORD_START) not in self._written]
        counts = self._counts(letters)
        if not missing and counts[-1] is None:
            reach = max(end for end, count in enumerate(counts) if count is not None)
            missing = [letters[reach]]
        return "".join(dict.fromkeys(letter.lstrip(WORD_START) for letter in missing))

    def shares(self, letters: list[str]) -> list[float]:
        """Return each letter's share of a unit, with words spelled by as few units as possible."""
        shares: list[float] = []
        for word in _words(letters):
            shares += [(self._counts(word)[-1] or 1) / len(word)] * len(word)
        return shares

    @cached_property
    def spellings(self) -> dict[str, list[int]]:
        """Units by the letters they spell, joined, at the start of a word and within one."""
        found: dict[str, list[int]] = {}
        for token in range(len(self._units)):
            for inside_word in (False, True):
                key = "".join(self.unit(token, inside_word=inside_word)[0])
                if key and token not in found.setdefault(key, []):
                    found[key].append(token)
        return found

    @cached_property
    def longest(self) -> int:
        """Number of letters of the longest unit."""
        return max(map(len, self._units), default=0)

    @cached_property
    def _written(self) -> frozenset[str]:
        return frozenset("".join(self._units)) - {" "}

    def _letters(self, text: str, *, inside_word: bool) -> tuple[list[str], bool]:
        letters = []
        for character in text:
            if character == " ":
                inside_word = False
                continue
            is_first = self._parts_words and not inside_word and is_of_word(character)
            letters.append(WORD_START + character if is_first else character)
            inside_word = is_of_word(character)
        return letters, inside_word

    def _counts(self, letters: list[str]) -> list[int | None]:
        """Return the minimum number of units to spell the letters up to each position; None where impossible."""
        counts: list[int | None] = [0] + [None] * len(letters)
        for end in range(1, len(letters) + 1):
            starts = range(max(0, end - self.longest), end)
            fits = [start for start in starts if "".join(letters[start:end]) in self.spellings]
            reached = [count + 1 for start in fits if (count := counts[start]) is not None]
            counts[end] = min(reached, default=None)
        return counts


def is_of_word(letter: str) -> bool:
    """Return whether it belongs to a script that separates words by spaces."""
    return letter[-1] < WORDLESS


def _words(letters: list[str]) -> list[list[str]]:
    """Split letters into words; a Chinese character is one word."""
    words: list[list[str]] = []
    for letter in letters:
        if words and is_of_word(letter) and not starts_word(letter) and is_of_word(words[-1][-1]):
            words[-1].append(letter)
        else:
            words.append([letter])
    return words


def starts_word(letter: str) -> bool:
    return letter[0] == WORD_START


def _folded(text: str) -> str:
    return "".join(" " if letter.isspace() else letter for letter in unicodedata.normalize("NFKC", text).lower())
