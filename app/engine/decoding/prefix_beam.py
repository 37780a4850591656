"""CTC prefix beam search: the likeliest texts, summed over every way in which the frames can spell them.

Source: Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent
DNNs", 2014, algorithm 1; beside each sum the best single path is kept, which tells the frames (as in WeNet).
Hotwords add their worth to a text, not to its frames; it counts where prefixes are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappush, heapreplace
from typing import TypeAlias

from app.engine.decoding import Decoded, EncodedBatch
from app.engine.decoding.choices import IMPOSSIBLE, Choices, choices_of
from app.engine.decoding.fusion import FusedContext
from app.engine.decoding.prefixes import Hypothesis, Prefix, grown
from app.engine.hotwords import Context, ContextGraph
from app.engine.language_model import LanguageModel

LAST = 10**12  # in any order
MORE_WITH_LANGUAGE_MODEL = 2  # times as many tokens in a frame: it tells homophones apart
LEAST_WITH_LANGUAGE_MODEL = (
    -8.0
)  # and none of a lower log-probability: asking for each would take the most time
NO_TOKEN = -1  # the last one of the empty text, and what a text grows by that does not grow

Future: TypeAlias = tuple[float, int, Hypothesis, int, float]
"""A text of the next frame: its total; its order among equals, the greater first; its hypothesis, or that of the text
which grows by a token (else NO_TOKEN) of a log-probability."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the likeliest texts of a recording."""

    tokens: tuple[int, ...]
    frames: tuple[int, ...]
    """The frame of each token on the best path."""
    score: float
    """Log-probability, and the bonus."""
    bonus: float = 0.0
    """What the hotwords in the text are worth, and the text to the language model."""


class PrefixBeamDecoder:
    """Keeps `beam_size` prefixes and looks at as many tokens in every frame; at more with a language model."""

    def __init__(
        self, blank_id: int, beam_size: int = 10, language_model: LanguageModel | None = None
    ) -> None:
        self._blank_id = blank_id
        self._beam_size = beam_size
        self._language_model = language_model
        self.name = f"prefix beam with {language_model.name}" if language_model else "prefix beam"

    def decode(self, batch: EncodedBatch) -> list[Decoded]:
        found = [candidates[0] for candidates in self.candidates(batch)]
        return [_decoded(best, batch, row) for row, best in enumerate(found)]

    def candidates(self, batch: EncodedBatch) -> list[list[Candidate]]:
        """Return the likeliest texts of each recording, best first; never an empty list."""
        contexts = batch.contexts or (None,) * len(batch.lengths_B)
        recordings = zip(contexts, self._choices(batch), strict=True)
        return [
            _Beam(self._beam_size, self._start(graph), self._most_worth).search(frames)
            for graph, frames in recordings
        ]

    def _choices(self, batch: EncodedBatch) -> list[Iterator[Choices]]:
        if self._language_model is None:
            return choices_of(batch, self._beam_size, self._blank_id)
        considered = self._beam_size * MORE_WITH_LANGUAGE_MODEL
        return choices_of(batch, considered, self._blank_id, LEAST_WITH_LANGUAGE_MODEL)

    def _start(self, graph: ContextGraph | None) -> Context:
        context = graph.start if graph else Context()
        return FusedContext(context, self._language_model.begin()) if self._language_model else context

    @property
    def _most_worth(self) -> float:
        return self._language_model.most_worth if self._language_model else 0.0


class _Beam:
    """The best prefixes of one recording, frame after frame."""

    def __init__(self, size: int, context: Context, most_worth: float) -> None:
        self._size = size
        self._most_worth = most_worth  # of any token to the language model
        start = Hypothesis(Prefix(None, NO_TOKEN, context, 0.0))
        start.blank = start.blank_best = start.token_best = 0.0
        start.sum_up()
        self._kept = [start]

    def search(self, frames: Iterable[Choices]) -> list[Candidate]:
        for frame, choices in enumerate(frames):
            self._show_where_each_is()
            futures = self._staying(choices, frame)
            futures += self._growing(choices, [total for total, *_ in futures])
            futures.sort(reverse=True)
            self._keep(futures[: self._size], frame)
        return sorted(map(_candidate, self._kept), key=lambda candidate: candidate.score, reverse=True)

    def _show_where_each_is(self) -> None:
        for place, hypothesis in enumerate(self._kept):
            hypothesis.place = place
            hypothesis.prefix.hypothesis = hypothesis
        for hypothesis in self._kept:
            parent = hypothesis.prefix.parent
            if parent and parent.hypothesis:
                parent.hypothesis.longer_ones += (hypothesis.prefix.token,)

    def _staying(self, choices: Choices, frame: int) -> list[Future]:
        """Return what becomes of the texts of the beam themselves."""
        futures = []
        for before in self._kept:
            after, order = self._stay(before, choices, frame)
            after.sum_up()
            if after.score > IMPOSSIBLE:
                futures.append((after.score + after.prefix.bonus, -order, after, NO_TOKEN, 0.0))
        return futures

    def _stay(self, before: Hypothesis, choices: Choices, frame: int) -> tuple[Hypothesis, int]:
        after, order = Hypothesis(before.prefix), LAST
        value, rank = choices.blank
        if value > IMPOSSIBLE:
            after.pause(before, value)
            order = self._order(rank, before)
        value, rank = choices.find(before.prefix.token)
        if value > IMPOSSIBLE:
            parent = before.prefix.parent.hypothesis if before.prefix.parent else None
            order = min(order, self._order(rank, before))
            if parent and parent.place < before.place:
                order = min(order, self._order(rank, parent) + 1)
                after.append(parent, value, frame)
                after.repeat(before, value, frame)
            else:
                after.repeat(before, value, frame)
                if parent:
                    after.append(parent, value, frame)
        return after, order

    def _growing(self, choices: Choices, totals: list[float]) -> list[Future]:
        """Return the texts that are longer by one token and may come among the best.

        Args:
            choices: of this frame.
            totals: of the texts that stay. What lies below as many totals as fit into the beam is passed over.
        """
        futures = []
        heapify(totals)
        bar = totals[0] if len(totals) >= self._size else IMPOSSIBLE
        for before in self._kept:
            bonus, context = before.prefix.bonus, before.prefix.context
            for most, value, rank, token in choices.options(context):
                if before.score + bonus + most + self._most_worth < bar:
                    break
                so_far = before.blank if token == before.prefix.token else before.score
                total = so_far + value + bonus + context[token][1]
                if total < bar or total == IMPOSSIBLE or token in before.longer_ones:
                    continue
                futures.append((total, -self._order(rank, before) - 1, before, token, value))
                push = heappush if len(totals) < self._size else heapreplace
                push(totals, total)
                bar = totals[0] if len(totals) >= self._size else IMPOSSIBLE
        return futures

    def _keep(self, futures: list[Future], frame: int) -> None:
        for hypothesis in self._kept:
            hypothesis.prefix.hypothesis = None
        if futures:  # a frame in which nothing is possible changes nothing
            self._kept = [
                before if token == NO_TOKEN else grown(before, token, value, frame)
                for _, _, before, token, value in futures
            ]

    def _order(self, rank: int, hypothesis: Hypothesis) -> int:
        """Number the texts of a frame in the order in which WeNet finds them: by token, then by place in the beam."""
        return 2 * (rank * self._size + hypothesis.place)


def _candidate(hypothesis: Hypothesis) -> Candidate:
    prefix = hypothesis.prefix
    bonus = prefix.bonus + prefix.context.unfinished
    return Candidate(prefix.tokens(), hypothesis.frame_numbers(), hypothesis.score + bonus, bonus)


def _decoded(candidate: Candidate, batch: EncodedBatch, row: int) -> Decoded:
    log_probs_TV = batch.log_probs_BTV[row]
    chosen = log_probs_TV[list(candidate.frames), list(candidate.tokens)].exp().tolist()
    return Decoded(candidate.tokens, candidate.frames, tuple(chosen))
