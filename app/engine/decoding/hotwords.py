"""What each token adds to a text for the hotwords in it: the view that a search has of them. Knows no probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from app.domain.hotwords import Hotword
from app.engine.decoding.phrases import Beginning, Phrase, PhraseAutomaton, State, and_shorter
from app.engine.decoding.spelling import Speller
from app.engine.tokens.tokenizer import Tokenizer

NATS_PER_WEIGHT = 0.2
"""A character of a word of the usual weight 20 may be exp(4) times less likely than another and is still preferred.
Chosen on the built-in model: 51 words that are not spoken change nothing in clear speech, which they do from 0.3 on."""


class ContextGraph:
    """Follows texts token by token and says what the hotwords are worth in them."""

    def __init__(self, phrases: Iterable[Phrase], speller: Speller) -> None:
        self._automaton = PhraseAutomaton(phrases)
        self._speller = speller
        self._contexts: dict[tuple[State, bool], _GraphContext] = {}
        self.start = self._context(self._automaton.start, inside_word=False)
        self.firsts = tuple(dict.fromkeys(self.going_on(self._automaton.start.beginning)))
        """Tokens that a hotword may begin with."""
        self.tokens = self._useful_tokens()
        """All tokens that a hotword may be made of."""
        self.places = {token: place for place, token in enumerate(self.tokens)}
        self.most_gains = {token: self._most_gain(token) for token in self.tokens}
        """The most that each of them can add."""

    @classmethod
    def build(
        cls, hotwords: Sequence[Hotword], tokenizer: Tokenizer
    ) -> tuple[ContextGraph | None, tuple[tuple[Hotword, str], ...]]:
        """Return the graph of all hotwords that the units can write, and the others with what is missing.

        Without a word that can be used there is no graph.
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
        """Return where a token leads, and what it adds."""
        letters, inside_word = self._speller.unit(token, inside_word=context.inside_word)
        state, settled = context.state, 0.0
        for letter in letters:
            state, more = self._automaton.step(state, letter)
            settled += more
        gain = round(settled + state.value - context.state.value, 6)
        return self._context(state, inside_word=inside_word), gain

    def going_on(self, beginning: Beginning) -> Iterator[int]:
        """Yield the tokens that spell nothing but a way from one beginning to a longer one."""
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
    """How far a text has come in the hotwords: each token leads to the next context and adds to the text's worth.

    A dictionary because a search asks it many thousand times in a second. This one is for a search without hotwords.
    """

    awaited: tuple[int, ...] = ()
    """Tokens that a hotword goes on with which has begun; any other one gives back what is unfinished."""
    unfinished = 0.0
    """What is given back of a hotword that has begun, if the text ends or goes on otherwise; not above zero."""
    ending = 0.0
    """What else it is worth that the text ends here."""

    def __missing__(self, token: int) -> Step:
        self[token] = step = (self, 0.0)
        return step


Step: TypeAlias = tuple[Context, float]


class _GraphContext(Context):
    """A context among hotwords; a step that is asked for the first time is worked out then."""

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
