"""Times of the words of a manually edited text.

An unchanged word keeps its times, probability and spoken form. New text shares the time of what it replaces, by its
letters. The comparison goes word by word, then letter by letter inside the differences: when "2025年" becomes "2026年",
the 年 keeps its time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from app.domain.transcript import Word, is_wide

CERTAIN = 1.0  # the probability of manually written words
MOST_COMPARISONS = 4_000_000  # of letters; beyond this, times are spread by length
OPENING = ("Ps", "Pi")  # categories of characters that belong to the word after them


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the new text: its position, and only its letters and digits."""

    begin: int
    end: int
    letters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Letter:
    """A letter of a recognised word, with its share of the word's time."""

    text: str
    word: int
    start: float
    end: float


def tokens_of(text: str) -> list[Token]:
    """Return the words of `text`: Chinese ones of one character, others up to the next space or Chinese character.

    Marks belong to the word before them, opening brackets to the word after.
    """
    spans: list[tuple[int, int]] = []
    begin, is_open = 0, False
    for place, character in enumerate(text):
        if character.isspace():
            begin, is_open = place + 1, False
        elif is_open and not _begins(text[place - 1], character):
            spans[-1] = spans[-1][0], place + 1
        elif character.isalnum():
            spans.append((place if is_open else begin, place + 1))
            is_open = True
        elif is_open:
            begin, is_open = place, False
    return _with_the_rest(text, spans)


def reword(words: Sequence[Word], text: str) -> list[Word]:
    """Return the words of `text`, which replaces `words`; none if nothing had times."""
    return [word for _, word in aligned(words, [text])]


def aligned(words: Sequence[Word], texts: Sequence[str]) -> list[tuple[int, Word]]:
    """Return the words of consecutive texts that replace `words`, each with the index of its text."""
    if not words:
        return []
    owners = [(number, token) for number, text in enumerate(texts) for token in tokens_of(text)]
    found: list[tuple[int, str, Word | None]] = []
    for old, new in _blocks(words, [token for _, token in owners]):
        if len(old) == len(new) == 1 and _letters_of(old[0]) == owners[new.start][1].letters:
            number, token = owners[new.start]
            text = texts[number][token.begin : token.end]
            found.append((number, text, replace(old[0], text=text)))
        else:
            found += _matched(old, owners[new.start : new.stop], texts)
    return _spread(found, words[0].start, words[-1].end)


# Internal


def _begins(before: str, character: str) -> bool:
    """Return whether a new word begins between two adjacent characters."""
    if unicodedata.category(character) in OPENING:
        return True
    return character.isalnum() and (is_wide(character) or is_wide(before))


def _token(text: str, begin: int, end: int) -> Token:
    letters = tuple(character.lower() for character in text[begin:end] if character.isalnum())
    return Token(begin, end, letters)


def _with_the_rest(text: str, spans: list[tuple[int, int]]) -> list[Token]:
    """Extend every word by the marks that a space separates from it, and the last one to the end of the text."""
    begins = [len(text) - len(text.lstrip()), *(begin for begin, _ in spans[1:])]
    ends = [*begins[1:], len(text)]
    return [
        _token(text, begin, end + len(text[end:limit].rstrip()))
        for begin, end, limit in zip(begins, (end for _, end in spans), ends, strict=False)
    ]


def _blocks(words: Sequence[Word], tokens: Sequence[Token]) -> Iterator[tuple[Sequence[Word], range]]:
    """Yield corresponding blocks of old and new words: one to one where they agree."""
    old = [_letters_of(word) for word in words]
    new = [token.letters for token in tokens]
    if len(old) * len(new) > MOST_COMPARISONS:
        yield words, range(len(new))
        return
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "equal":
            for step in range(old_to - old_from):
                yield (words[old_from + step : old_from + step + 1], range(new_from + step, new_from + step + 1))
        else:
            yield words[old_from:old_to], range(new_from, new_to)


def _letters_of(word: Word) -> tuple[str, ...]:
    return tuple(character.lower() for character in word.text if character.isalnum())


def _matched(
    words: Sequence[Word], owners: Sequence[tuple[int, Token]], texts: Sequence[str]
) -> list[tuple[int, str, Word | None]]:
    """Return index, text and, if part of it was recognised, the word for the tokens of one block."""
    letters = [letter for number, word in enumerate(words) for letter in _timed_letters(number, word)]
    places = _places(letters, [letter for _, token in owners for letter in token.letters])
    found: list[tuple[int, str, Word | None]] = []
    position = at = 0
    while position < len(owners):
        count = _whole(words, letters, owners[position:], places[at:])
        group = owners[position : position + max(count, 1)]
        number, text = group[0][0], texts[group[0][0]][group[0][1].begin : group[-1][1].end]
        size = sum(len(token.letters) for _, token in group)
        known = [letters[place] for place in places[at : at + size] if place is not None]
        if 2 * len(known) < size:
            known = []  # a few letters match by chance
        found.append((number, text, _word(words, text, known, is_whole=count > 0)))
        position, at = position + len(group), at + size
    return found


def _timed_letters(number: int, word: Word) -> Iterator[_Letter]:
    letters = _letters_of(word)
    share = (word.end - word.start) / max(len(letters), 1)
    for place, letter in enumerate(letters):
        yield _Letter(letter, number, word.start + place * share, word.start + (place + 1) * share)


def _places(old: Sequence[_Letter], new: Sequence[str]) -> list[int | None]:
    """Return the old position of each new letter."""
    places: list[int | None] = [None] * len(new)
    if len(old) * len(new) > MOST_COMPARISONS:
        return places
    matcher = SequenceMatcher(None, [letter.text for letter in old], list(new), False)
    for old_from, new_from, size in matcher.get_matching_blocks():
        places[new_from : new_from + size] = range(old_from, old_from + size)
    return places


def _whole(
    words: Sequence[Word], letters: Sequence[_Letter], owners: Sequence[tuple[int, Token]], places: Sequence[int | None]
) -> int:
    """Return how many tokens together are one whole recognised word; 0 if the first does not begin one."""
    if not places or places[0] is None or not owners[0][1].letters:
        return 0
    first = places[0]
    number = letters[first].word
    if first and letters[first - 1].word == number:
        return 0
    wanted, size = len(_letters_of(words[number])), 0
    for count, (owner, token) in enumerate(owners, start=1):
        size += len(token.letters)
        if owner != owners[0][0] or size > wanted:
            return 0
        if size == wanted:
            return count if list(places[:size]) == list(range(first, first + size)) else 0
    return 0


def _word(words: Sequence[Word], text: str, known: Sequence[_Letter], *, is_whole: bool) -> Word | None:
    if not known:
        return None
    if is_whole:
        return replace(words[known[0].word], text=text)
    return Word(text, known[0].start, known[-1].end, CERTAIN)


def _spread(found: Sequence[tuple[int, str, Word | None]], start: float, end: float) -> list[tuple[int, Word]]:
    """Divide the time between neighbours among the words without times, by the length of their texts."""
    words: list[tuple[int, Word]] = []
    position, now = 0, start
    while position < len(found):
        number, _, word = found[position]
        if word is not None:
            begin = max(word.start, now)
            now = max(word.end, begin)
            words.append((number, replace(word, start=begin, end=now)))
            position += 1
            continue
        run = list(_unknown(found[position:]))
        after = found[position + len(run)][2] if position + len(run) < len(found) else None
        until = max(after.start if after else end, now)
        total = sum(len(text) for _, text in run)
        for number, text in run:
            share = (until - now) * len(text) / total
            total -= len(text)
            words.append((number, Word(text, now, now + share, CERTAIN)))
            now += share
        position += len(run)
    return words


def _unknown(found: Sequence[tuple[int, str, Word | None]]) -> Iterator[tuple[int, str]]:
    for number, text, word in found:
        if word is not None:
            return
        yield number, text
