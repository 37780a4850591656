"""The hotword bonus of each token, as used by a search. Knows no probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from app.domain.hotwords import Hotword
from app.engine.decoding.phrases import Beginning, Phrase, PhraseAutomaton, State, and_shorter
from app.engine.decoding.spelling import Speller
from app.engine.tokens.tokenizer import Tokenizer

NATS_PER_WEIGHT = 0.2
"""At the default weight 20, a character of a hotword may be exp(4) times less likely than another and still wins.
Chosen on the built-in model: 51 words that are not spoken do not change clear speech; from 0.3 on they do."""


class ContextGraph:
    """Follows texts token by token and scores the hotwords in them."""

    def __init__(self, phrases: Iterable[Phrase], speller: Speller) -> None:
        self._automaton = PhraseAutomaton(phrases)
        self._speller = speller
        self._contexts: dict[tuple[State, bool], _GraphContext] = {}
        self.start = self._context(self._automaton.start, inside_word=False)
        self.firsts = tuple(dict.fromkeys(self.going_on(self._automaton.start.beginning)))
        """Possible first tokens of hotwords."""
        self.tokens = self._useful_tokens()
        """All tokens that can occur in hotwords."""
        self.places = {token: place for place, token in enumerate(self.tokens)}
        self.most_gains = {token: self._most_gain(token) for token in self.tokens}
        """The maximum bonus of each of them."""

    @classmethod
    def build(
        cls, hotwords: Sequence[Hotword], tokenizer: Tokenizer
    ) -> tuple[ContextGraph | None, tuple[tuple[Hotword, str], ...]]:
        """Return the graph of all hotwords that the units can spell, and the others with the missing characters.

        The graph is None if no hotword is usable.
        """
        speller = Speller(tokenizer)
        unknown = [(word, speller.unknown(word.text)) for word in hotwords]
        phrases = [_phrase(word, speller) for word, missing in unknown if not missing]
        graph = cls(phrases, speller) if phrases else None
        return graph, tuple((word, missing) for word, missing in unknown if missing)

    def _context(self, state: State, *, inside_word: bool) -> _GraphContext:
        key = (state, inside_word)
        if key not in self._contexts:
            self._contexts[key] = _GraphContext(self, state, inside_word)
        return self._contexts[key]

    def after(self, context: _GraphContext, token: int) -> Step:
        """Return the next context and the bonus of a token."""
        letters, inside_word = self._speller.unit(token, inside_word=context.inside_word)
        state, settled = context.state, 0.0
        for letter in letters:
            state, more = self._automaton.step(state, letter)
            settled += more
        gain = round(settled + state.value - context.state.value, 6)
        return self._context(state, inside_word=inside_word), gain

    def going_on(self, beginning: Beginning) -> Iterator[int]:
        """Yield the tokens that continue a beginning to a longer one."""
        waiting = [(beginning, "")]
        while waiting:
            node, spelled = waiting.pop()
            for letter, longer in node.following.items():
                yield from self._speller.spellings.get(spelled + letter, ())
                if longer.depth - beginning.depth < self._speller.longest:
                    waiting.append((longer, spelled + letter))

    def _useful_tokens(self) -> tuple[int, ...]:
        found: set[int] = set()
        for beginning in self._automaton.beginnings():
            found.update(self.going_on(beginning))
        return tuple(sorted(found))

    def _most_gain(self, token: int) -> float:
        return self._automaton.most(self._speller.unit(token, inside_word=False)[0])


def _phrase(word: Hotword, speller: Speller) -> Phrase:
    letters = speller.phrase(word.text)
    shares = speller.shares(letters)
    return Phrase(tuple(letters), tuple(word.weight * NATS_PER_WEIGHT * share for share in shares))


class Context(dict[int, "Step"]):
    """How far a text has progressed in the hotwords: each token leads to the next context and adds a bonus.

    A dictionary because a search queries it many thousand times per second. This one is for a search without hotwords.
    """

    awaited: tuple[int, ...] = ()
    """Tokens that continue a started hotword; any other one takes back the unfinished bonus."""
    unfinished = 0.0
    """What is taken back of a started hotword if the text ends or continues otherwise; not above zero."""
    ending = 0.0
    """Additional score if the text ends here."""

    def __missing__(self, token: int) -> Step:
        self[token] = step = (self, 0.0)
        return step


Step: TypeAlias = tuple[Context, float]


class _GraphContext(Context):
    """A context with hotwords; steps are computed on first use."""

    def __init__(self, graph: ContextGraph, state: State, inside_word: bool) -> None:
        super().__init__()
        self._graph = graph
        self.state = state
        self.inside_word = inside_word
        begun = [beginning for beginning in and_shorter(state.beginning) if beginning.depth]
        self.awaited = tuple(dict.fromkeys(token for part in begun for token in graph.going_on(part)))
        self.unfinished = round(state.gains[-1] - state.value, 6)

    def __missing__(self, token: int) -> Step:
        self[token] = step = self._graph.after(self, token)
        return step
