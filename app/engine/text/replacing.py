"""Applies rules of replacement and leaves out fillers in the written text, with all times preserved. Needs no model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import regex

from app.domain.replacements import HAN, PLAIN, REGEX, SOUND, WORD, ReplacementRule
from app.domain.transcript import Word

SECONDS_PER_RULE = 0.05  # for one segment: a regular expression may take exponentially long
LONGEST_RESULT = 20_000  # characters of a segment
FILLERS = r"[呃嗯]+|(?i:u+m+|u+h+m*|e+rm+|hm+|mm+)"
_FILLER = regex.compile(rf"(?<![^\W{HAN}])(?:{FILLERS})(?![^\W{HAN}])|(?<=\p{{Han}})[呃嗯]+|[呃嗯]+(?=\p{{Han}})")
_SENTENCE_END = frozenset(".?!。？！…")
_FUZZY = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"))
"""Pairs of sounds that accents and models take for each other, without tones."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text after some of its places were replaced."""

    text: str
    words: tuple[Word, ...]
    count: int
    """How many places."""


@dataclass(frozen=True, slots=True)
class Change:
    """One place of a text, and what is to stand there."""

    start: int
    end: int
    right: str


def apply_rule(rule: ReplacementRule, text: str, words: Sequence[Word]) -> Rewritten:
    """Replace what a rule finds.

    Raises:
        TimeoutError: a regular expression took too long.
    """
    return rewrite(
        text, words, [each for each in _FIND[rule.kind](rule, text) if text[each.start : each.end] != each.right]
    )


def leave_out_fillers(text: str, words: Sequence[Word]) -> Rewritten:
    """Leave out what somebody says while thinking; a sentence of its own, as an answer, stays."""
    changes = [_filler_change(text, found.start(), found.end()) for found in _FILLER.finditer(text)]
    return rewrite(text, words, [each for each in changes if each])


def rewrite(text: str, words: Sequence[Word], changes: Sequence[Change]) -> Rewritten:
    """Change places of a text, in order and apart, and the words that they touch: these become one word."""
    if not changes:
        return Rewritten(text, tuple(words), 0)
    edges = [0, *(edge for each in changes for edge in (each.start, each.end)), len(text)]
    kept = [text[first:last] for first, last in list(pairwise(edges))[::2]]
    written = kept[0] + "".join(each.right + rest for each, rest in zip(changes, kept[1:], strict=True))
    return Rewritten(written.strip()[:LONGEST_RESULT], _rewritten_words(text, words, changes), len(changes))


# Finding


def _find_plain(rule: ReplacementRule, text: str) -> Iterator[Change]:
    at = text.find(rule.wrong)
    while at >= 0:
        yield Change(at, at + len(rule.wrong), rule.right)
        at = text.find(rule.wrong, at + len(rule.wrong))


def _find_word(rule: ReplacementRule, text: str) -> Iterator[Change]:
    pattern = regex.compile(rf"(?i)(?<![^\W{HAN}]){regex.escape(rule.wrong)}(?![^\W{HAN}])")
    for found in pattern.finditer(text):
        yield Change(found.start(), found.end(), rule.right)


def _find_regex(rule: ReplacementRule, text: str) -> Iterator[Change]:
    for found in regex.compile(rule.wrong).finditer(text, timeout=SECONDS_PER_RULE):
        if found.end() > found.start():
            yield Change(found.start(), found.end(), found.expand(rule.right)[:LONGEST_RESULT])


def _find_sound(rule: ReplacementRule, text: str) -> Iterator[Change]:
    wanted, length = sounds_of(rule.wrong), len(rule.wrong)
    for run in regex.finditer(f"{HAN}+", text):
        sounds, at = sounds_of(run[0]), 0
        while at + length <= len(sounds):
            if sounds[at : at + length] == wanted:
                yield Change(run.start() + at, run.start() + at + length, rule.right)
                at += length
            else:
                at += 1


_FIND = {PLAIN: _find_plain, WORD: _find_word, REGEX: _find_regex, SOUND: _find_sound}


@lru_cache(maxsize=4096)
def sounds_of(characters: str) -> tuple[str, ...]:
    """Return how Chinese characters sound, without tones and without what accents confuse."""
    from pypinyin import lazy_pinyin  # its dictionaries take 100 ms and 20 MB: only where a rule needs them

    return tuple(map(_fuzzy, lazy_pinyin(characters)))


def _fuzzy(syllable: str) -> str:
    for one, other in _FUZZY:
        syllable = syllable.replace(one, other)
    return syllable


def _filler_change(text: str, start: int, end: int) -> Change | None:
    """Return what is left out with a filler: the comma behind it, or before it at the end of a sentence."""
    before, behind = text[:start].rstrip(), text[end:].lstrip()
    begins = not before or before[-1] in _SENTENCE_END
    if not behind or behind[0] in _SENTENCE_END:
        return None if begins else Change(len(before.rstrip(",，、 ")), end, "")
    comma = regex.match(r"\s*[,，、]?\s*", text[end:])
    stop = end + (comma.end() if comma else 0)
    if begins and text[start].isupper() and stop < len(text):
        return Change(start, stop + 1, text[stop].upper())
    return Change(start, stop, "")


# Words


def _rewritten_words(text: str, words: Sequence[Word], changes: Sequence[Change]) -> tuple[Word, ...]:
    places = list(_places(text, words))
    if len(places) != len(words):  # words of another text
        return tuple(words)
    written: list[Word] = []
    for first, end, touching in _groups(places, changes):
        group = words[first:end]
        written.append(_together(text, places[first][0], places[end - 1][1], group, touching) if touching else group[0])
    return tuple(_without_empty(written))


def _places(text: str, words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Yield first and one past last index of each word in the text."""
    position = 0
    for word in words:
        position = text.find(word.text, position)
        if position < 0:
            return
        yield position, position + len(word.text)
        position += len(word.text)


def _groups(
    places: Sequence[tuple[int, int]], changes: Sequence[Change]
) -> Iterator[tuple[int, int, Sequence[Change]]]:
    """Yield first and one past last index of words that become one, and the changes that make them so."""
    first = 0
    while first < len(places):
        start, stop = places[first]
        end, touching = first + 1, []
        for change in changes:
            if change.start < stop and start < change.end:
                touching.append(change)
                while end < len(places) and places[end][0] < change.end:
                    stop, end = places[end][1], end + 1
        yield first, end, touching
        first = end


def _together(text: str, start: int, stop: int, group: Sequence[Word], changes: Sequence[Change]) -> Word:
    written, at = "", start
    for change in changes:
        written += text[at : change.start] + change.right
        at = change.end
    written += text[at:stop]
    first, last = group[0], group[-1]
    return Word(
        text=written.strip(),
        start=first.start,
        end=last.end,
        confidence=min(word.confidence for word in group),
        raw="".join(word.raw or word.text for word in group),
        was=text[start:stop],
    )


def _without_empty(words: Sequence[Word]) -> Iterator[Word]:
    """Join a word that was left out whole to the next one, the last ones to the one before."""
    lost: list[Word] = []
    kept: list[Word] = []
    for word in words:
        if not word.text:
            lost.append(word)
        else:
            kept.append(_joined([*lost, word], word) if lost else word)
            lost = []
    if lost and kept:
        kept[-1] = _joined([kept[-1], *lost], kept[-1])
    yield from kept


def _joined(group: Sequence[Word], shown: Word) -> Word:
    raw, was = ("".join(getattr(word, name) or word.text for word in group) for name in ("raw", "was"))
    return replace(shown, raw=raw, was=was)
