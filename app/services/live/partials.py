"""Merges successive partial results of an open segment into one growing text, of which a prefix is settled.

A word is settled when two consecutive results agree on it and everything before it, and some audio has followed it.
Settled text never changes, and its audio is recognised again only as context for what follows: a long segment costs
no more than a short one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from app.domain.transcript import Word, join_texts
from app.engine import Hypothesis

FOLLOWED_SECONDS = 1.0  # of audio after a word before it is settled: the last words change most
REWRITTEN_SECONDS = 1.5  # the same for words rewritten by ITN: numbers may continue
LEFT_WORD = re.compile(r"[0-9A-Za-z\u00c0-\u024f']+$")
CONTEXT_SECONDS = 3.0  # of settled audio that is recognised again


class PartialText:
    """The text of one open segment; times are seconds of the session."""

    def __init__(self) -> None:
        self._settled: list[Word] = []
        self._former: list[Word] = []
        self._former_text = ""
        self._settled_text = ""  # for models without word times

    @property
    def read_from(self) -> float:
        """Where the next partial has to start."""
        return self._settled[-1].end - CONTEXT_SECONDS if self._settled else 0.0

    def update(self, heard: Hypothesis, start: float, end: float) -> tuple[str, int] | None:
        """Merge the result for the audio from `start` to `end`; return the text and the length of its settled prefix.

        None if it contradicts the settled text and there are no times to merge by.
        """
        if not heard.words and heard.text:
            return self._take_text(heard.text)
        done_to = self._settled[-1].end if self._settled else start
        words = [word for word in (word.later(start) for word in heard.words) if _middle(word) > done_to]
        agreed = _agreed(words, self._former)
        settled = list(takewhile(lambda word: _is_followed(word, end), words[:agreed]))
        self._settled += settled
        self._former = words[len(settled) :]
        stable = join_texts(word.text for word in self._settled)
        return join_texts(word.text for word in (*self._settled, *self._former)), len(stable)

    def _take_text(self, text: str) -> tuple[str, int] | None:
        if not text.startswith(self._settled_text):
            return None
        agreed = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, self._former_text, strict=False)))
        self._former_text = text
        self._settled_text = max(self._settled_text, _whole_words(text[:agreed]), key=len)
        return text, len(self._settled_text)


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _agreed(words: Sequence[Word], former: Sequence[Word]) -> int:
    """Return the number of leading words that both results share."""
    pairs = zip(words, former, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a.text != b.text), min(len(words), len(former)))


def _is_followed(word: Word, end: float) -> bool:
    return word.end <= end - (REWRITTEN_SECONDS if word.raw else FOLLOWED_SECONDS)


def _whole_words(agreed: str) -> str:
    """Return `agreed` without its last two characters and any Latin word this cuts in two."""
    return LEFT_WORD.sub("", agreed[:-2]).rstrip()
