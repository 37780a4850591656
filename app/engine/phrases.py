"""What a text is worth for the phrases in it, followed letter by letter.

The worth of a text is the greatest sum of the phrases that stand in it, no letter counted twice. While a phrase is
being spelled its part counts in advance, and is given back when the text goes on otherwise. The automaton is that of
Aho and Corasick, "Efficient String Matching: An Aid to Bibliographic Search", 1975; its states carry the worth of the
letters that may still belong to a phrase.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.engine.spelling import is_of_word, starts_word

WORD_LETTER = 0.4  # what a letter of a word is worth beside a Chinese character


@dataclass(frozen=True, slots=True)
class Phrase:
    letters: tuple[str, ...]
    rate: float
    """What a Chinese character of it is worth, in nats."""


@dataclass(slots=True, eq=False)
class Beginning:
    """The first letters of one phrase or more: a node of the trie."""

    depth: int = 0
    worth: float = 0.0
    """Of its letters, at a rate of 1."""
    rate: float = 0.0
    """The greatest of the phrases that begin so."""
    following: dict[str, Beginning] = field(default_factory=dict)
    shorter: Beginning | None = None
    """The longest other beginning that this one ends in; only the empty one has none."""
    ended: list[tuple[int, float, bool]] = field(default_factory=list)
    """Phrases that this one ends in: letters, worth, and whether the word must end with them."""


@dataclass(frozen=True, slots=True)
class State:
    """The letters that may still belong to a phrase, and what they are worth so far."""

    beginning: Beginning
    gains: tuple[float, ...]
    """Worth of the text up to each of these letters, counted from before the first one."""
    gain_inside_word: float
    """The last of the gains in case the word goes on: half a word is no phrase."""

    @property
    def value(self) -> float:
        """Worth of the text together with the part of the phrase that is being spelled."""
        return max(
            self.gains[-1 - part.depth] + part.rate * part.worth for part in _and_shorter(self.beginning)
        )


class PhraseAutomaton:
    """Moves from state to state; knows letters, not units."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._empty = Beginning()
        self._greatest_rate = 0.0
        for phrase in phrases:
            self._add(phrase)
            self._greatest_rate = max(self._greatest_rate, phrase.rate)
        self._link()
        self.start = State(self._empty, (0.0,), 0.0)

    def step(self, state: State, letter: str) -> tuple[State, float]:
        """Return the state after a letter, and the worth that is settled: no later letter changes it."""
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
        """Return what these letters can add at most."""
        return self._greatest_rate * sum(map(_worth, letters))

    def beginnings(self) -> Iterator[Beginning]:
        """Yield every node, the empty one first."""
        waiting = deque([self._empty])
        while waiting:
            beginning = waiting.popleft()
            yield beginning
            waiting.extend(beginning.following.values())

    def _add(self, phrase: Phrase) -> None:
        node = self._empty
        for letter in phrase.letters:
            longer = Beginning(node.depth + 1, node.worth + _worth(letter))
            node = node.following.setdefault(letter, longer)
            node.rate = max(node.rate, phrase.rate)
        is_word = is_of_word(phrase.letters[-1]) and any(map(starts_word, phrase.letters))
        node.ended = [max([*node.ended, (node.depth, phrase.rate * node.worth, is_word)])]

    def _link(self) -> None:
        """Point each beginning to the longest shorter one that it ends in; the shorter ones come first."""
        for beginning in self.beginnings():
            for letter, longer in beginning.following.items():
                is_first = beginning is self._empty
                longer.shorter = self._empty if is_first else self._longest(beginning.shorter, letter)
                longer.ended += longer.shorter.ended

    def _longest(self, node: Beginning | None, letter: str) -> Beginning:
        """Return the longest beginning that the letters of a node and one more end in."""
        while node is not None:
            if letter in node.following:
                return node.following[letter]
            node = node.shorter
        return self._empty


def _worth(letter: str) -> float:
    return WORD_LETTER if is_of_word(letter) else 1.0


def _and_shorter(beginning: Beginning) -> Iterator[Beginning]:
    node: Beginning | None = beginning
    while node is not None:
        yield node
        node = node.shorter
