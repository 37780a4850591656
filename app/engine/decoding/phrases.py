"""Scores the phrases in a text, letter by letter.

The score of a text is the maximum sum over non-overlapping phrases in it. A partly spelled phrase counts in advance,
and is taken back if the text continues otherwise. The automaton is that of Aho and Corasick, "Efficient String
Matching: An Aid to Bibliographic Search", 1975; its states carry the scores of the letters that may still belong to a
phrase.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.engine.decoding.spelling import is_of_word, starts_word


@dataclass(frozen=True, slots=True)
class Phrase:
    letters: tuple[str, ...]
    worths: tuple[float, ...]
    """Of each letter, in nats."""


@dataclass(slots=True, eq=False)
class Beginning:
    """The first letters of one phrase or more: a node of the trie."""

    depth: int = 0
    worth: float = 0.0
    """The maximum score of its letters among the phrases with this prefix."""
    following: dict[str, Beginning] = field(default_factory=dict)
    shorter: Beginning | None = None
    """The longest other beginning that is a suffix of this one; None for the empty one."""
    ended: list[tuple[int, float, bool]] = field(default_factory=list)
    """Phrases that are suffixes of this one: letters, score, and whether the word must end with them."""


@dataclass(frozen=True, slots=True)
class State:
    """The letters that may still belong to a phrase, and their scores so far."""

    beginning: Beginning
    gains: tuple[float, ...]
    """Score of the text up to each of these letters, relative to before the first one."""
    gain_inside_word: float
    """The last of the gains if the word continues: half a word is not a phrase."""

    @property
    def value(self) -> float:
        """Score of the text including the partly spelled phrase."""
        return max(self.gains[-1 - part.depth] + part.worth for part in and_shorter(self.beginning))


class PhraseAutomaton:
    """State transitions by letter, not by unit."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._empty = Beginning()
        self._most: dict[str, float] = {}
        for phrase in phrases:
            self._add(phrase)
        self._link()
        self.start = State(self._empty, (0.0,), 0.0)

    def step(self, state: State, letter: str) -> tuple[State, float]:
        """Return the state after a letter, and the settled score, which later letters cannot change."""
        before = list(state.gains)
        if is_of_word(letter) and not starts_word(letter):
            before[-1] = state.gain_inside_word
        beginning = self._longest(state.beginning, letter)
        ends = [(before[-length] + worth, is_word) for length, worth, is_word in beginning.ended]
        inside_word = max([before[-1], *(gain for gain, is_word in ends if not is_word)])
        gains = [*before, max([inside_word, *(gain for gain, _ in ends)])][-1 - beginning.depth :]
        settled = gains[0]
        kept = tuple(round(gain - settled, 6) for gain in gains)
        return State(beginning, kept, round(inside_word - settled, 6)), settled

    def most(self, letters: Iterable[str]) -> float:
        """Return the maximum these letters can add."""
        return sum(self._most.get(letter, 0.0) for letter in letters)

    def beginnings(self) -> Iterator[Beginning]:
        """Yield every node, the empty one first."""
        waiting = deque([self._empty])
        while waiting:
            beginning = waiting.popleft()
            yield beginning
            waiting.extend(beginning.following.values())

    def _add(self, phrase: Phrase) -> None:
        node, total = self._empty, 0.0
        for letter, worth in zip(phrase.letters, phrase.worths, strict=True):
            total += worth
            node = node.following.setdefault(letter, Beginning(node.depth + 1))
            node.worth = max(node.worth, total)
            self._most[letter] = max(self._most.get(letter, 0.0), worth)
        is_word = is_of_word(phrase.letters[-1]) and any(map(starts_word, phrase.letters))
        node.ended = [max([*node.ended, (node.depth, total, is_word)])]

    def _link(self) -> None:
        """Set the suffix link of each beginning, shorter ones first."""
        for beginning in self.beginnings():
            for letter, longer in beginning.following.items():
                is_first = beginning is self._empty
                longer.shorter = self._empty if is_first else self._longest(beginning.shorter, letter)
                longer.ended += longer.shorter.ended

    def _longest(self, node: Beginning | None, letter: str) -> Beginning:
        """Return the longest beginning that is a suffix of a node's letters plus one more."""
        while node is not None:
            if letter in node.following:
                return node.following[letter]
            node = node.shorter
        return self._empty


def and_shorter(beginning: Beginning) -> Iterator[Beginning]:
    """Yield a beginning and the shorter ones along its suffix links."""
    node: Beginning | None = beginning
    while node is not None:
        yield node
        node = node.shorter
