"""Punctuation for models that write none: the interface, and a simple fallback based on the pauses between words.

The fallback prefers a missing mark to a disturbing one: none inside numbers, after words that cannot end a clause, or
where every word stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import Protocol

from app.domain.transcript import Word, is_hangul, is_wide
from app.engine.text import clauses

MARKS = frozenset(",.!?;:，。！？；：、…")
COMMA_SECONDS = 0.3  # of silence; shorter is a breath or the closure of a consonant
STOP_SECONDS = 0.7  # also ends a speech span in voice activity detection
END_SECONDS = 0.2  # of silence after the last word; speech that was cut continues closer to the cut
SLOW_SPEECH = 3.0  # a dividing pause is this many times as long as the median one
SHORTEST_CLAUSE = 2  # words or characters
SHORTEST_SENTENCE = 4

_FIRST_PERSON = frozenset(("i", "i'm", "i'll", "i've", "i'd"))


class Punctuator(Protocol):
    """Places marks after words and changes nothing else; existing marks stay and are never doubled."""

    @property
    def name(self) -> str:
        """Name for the receipt."""
        ...

    def punctuate(self, words: Sequence[Word], duration: float) -> tuple[Word, ...]:
        """Return the words with marks; `duration` is that of the waveform, in seconds."""
        ...


def marked(word: Word, mark: str) -> Word:
    """Return the word with a mark after it, unless it has one."""
    if not mark or word.text[-1] in MARKS:
        return word
    return replace(word, text=word.text + mark, raw=word.raw or word.text)


def is_punctuated(words: Sequence[Word]) -> bool:
    """Return whether the model wrote marks itself."""
    return any((word.raw or word.text)[-1] in MARKS for word in words)


class PausePunctuator:
    """A comma at a clear pause, a full stop at a long one and at the end; capitals where the text is English."""

    name = "pauses"

    def punctuate(self, words: Sequence[Word], duration: float) -> tuple[Word, ...]:
        """See Punctuator."""
        if not words or is_punctuated(words):
            return tuple(words)
        sentences = _sentences(words, duration)
        return tuple(word for sentence in sentences for word in sentence.written())


@dataclass(slots=True)
class _Sentence:
    """Words up to a full stop, or up to where the speech was cut."""

    words: list[Word] = field(default_factory=list)
    commas: set[int] = field(default_factory=set)
    """Indices of words with a comma after them."""
    is_ended: bool = False

    @property
    def clause(self) -> list[Word]:
        """The words since the last comma."""
        return self.words[max(self.commas, default=-1) + 1 :]

    def may_pause_before(self, following: Word) -> bool:
        last = self.words[-1].text
        is_long_enough = len(self.clause) >= SHORTEST_CLAUSE or clauses.is_whole_clause(last)
        return is_long_enough and clauses.may_end_clause(last) and clauses.may_begin_clause(following.text)

    def may_end_before(self, following: Word) -> bool:
        last = self.words[-1].text
        if clauses.ends_with_number(last) and clauses.begins_with_number(following.text):
            return False
        return len(self.words) >= SHORTEST_SENTENCE and clauses.may_end_sentence(last)

    def written(self) -> list[Word]:
        """Return the words with the marks and capitals of their language; digits alone get no final mark."""
        is_korean = any(map(_is_korean, self.words))  # may contain Chinese characters, but has spaces
        is_chinese = not is_korean and any(map(_is_chinese, self.words))
        is_english = not is_chinese and any(map(_has_letter, self.words))
        commas = self.commas if is_english else {i for i in self.commas if self._parts_no_term(i)}
        comma = "," if is_english else "，"
        words = [marked(word, comma) if index in commas else word for index, word in enumerate(self.words)]
        if is_english:
            words = [_capital(word) if _is_capital(index, word) else word for index, word in enumerate(words)]
        if self.is_ended and (is_chinese or is_english):
            words[-1] = marked(words[-1], self._final_mark(is_chinese=is_chinese))
        return words

    def _parts_no_term(self, index: int) -> bool:
        """Return whether a comma splits no term: adjacent English words in Chinese are one (deep learning)."""
        return _is_chinese(self.words[index]) or _is_chinese(self.words[index + 1])

    def _final_mark(self, *, is_chinese: bool) -> str:
        clause = [word.text for word in self.clause]
        if is_chinese:
            return "？" if clauses.is_chinese_question("".join(clause)) else "。"
        is_question = clauses.is_english_question(clause) or clauses.is_english_question(
            [word.text for word in self.words]
        )
        return "?" if is_question else "."


def _sentences(words: Sequence[Word], duration: float) -> list[_Sentence]:
    """Split the words at their pauses."""
    shortest = _shortest_pause(words)
    sentences = [_Sentence()]
    for index, (word, following) in enumerate(pairwise(words), start=1):
        sentence = sentences[-1]
        sentence.words.append(word)
        pause = following.start - word.end
        if pause >= max(shortest, STOP_SECONDS) and sentence.may_end_before(following):
            sentence.is_ended = True
            sentences.append(_Sentence())
        elif pause >= shortest and len(words) - index >= SHORTEST_CLAUSE and sentence.may_pause_before(following):
            sentence.commas.add(len(sentence.words) - 1)
    last = words[-1]
    sentences[-1].words.append(last)
    sentences[-1].is_ended = duration - last.end >= END_SECONDS and clauses.may_end_sentence(last.text)
    return sentences


def _shortest_pause(words: Sequence[Word]) -> float:
    """Return the shortest significant pause: longer where the speaker dictates word by word."""
    pauses = [after.start - before.end for before, after in pairwise(words)]
    return max(COMMA_SECONDS, SLOW_SPEECH * median(pauses)) if pauses else COMMA_SECONDS


def _is_chinese(word: Word) -> bool:
    return any(map(is_wide, word.text))


def _is_korean(word: Word) -> bool:
    return any(map(is_hangul, word.text))


def _has_letter(word: Word) -> bool:
    return any(map(str.isalpha, word.text))


def _is_capital(index: int, word: Word) -> bool:
    return index == 0 or word.text.lower().rstrip(",") in _FIRST_PERSON


def _capital(word: Word) -> Word:
    text = word.text[0].upper() + word.text[1:] if word.text.islower() else word.text
    return word if text == word.text else replace(word, text=text, raw=word.raw or word.text)
