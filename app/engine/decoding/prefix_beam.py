"""CTC prefix beam search: the likeliest texts, summed over all alignments.

Source: Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent
DNNs", 2014, algorithm 1; besides each sum the best single path is kept, which gives the frames (as in WeNet).
Hotwords add a bonus to a text, not to its frames; it counts when prefixes are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Final, TypeAlias

from app.engine.decoding import Decoded, EncodedBatch
from app.engine.decoding.candidates import IMPOSSIBLE, LEAST_HOT, Candidates, Option, candidates_for
from app.engine.decoding.fusion import FusedContext
from app.engine.decoding.hotwords import Context, ContextGraph
from app.engine.decoding.language_model import LanguageModel
from app.engine.decoding.prefixes import Hypothesis, Prefix, grown
from app.engine.decoding.threshold import Threshold

LAST = 10**12  # in any order
SURE: Final = 0  # places in a future
ORDER: Final = 1
TOTAL: Final = 2
MORE_WITH_LANGUAGE_MODEL = 2  # factor of tokens per frame: it can distinguish homophones
LEAST_WITH_LANGUAGE_MODEL = -8.0
"""Skip tokens of lower log-probability: querying the model for each would dominate the time."""
NO_TOKEN = -1  # last token of the empty text, and the extension of a text that stays as it is

Future: TypeAlias = tuple[float, int, float, Hypothesis, int, float]
"""A text of the next frame: its score without hotwords that are not finished; its order among equals, the greater
first; its score with them; its hypothesis, or that of the text which grows by a token (else NO_TOKEN) of a
log-probability."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the likeliest texts of a recording."""

    tokens: tuple[int, ...]
    frames: tuple[int, ...]
    """The frame of each token on the best path."""
    score: float
    """Log-probability, and the bonus."""
    bonus: float = 0.0
    """Scores of hotwords and language model."""


class PrefixBeamDecoder:
    """Keeps `beam_size` prefixes and considers as many tokens per frame; more with a language model."""

    def __init__(self, blank_id: int, beam_size: int = 10, language_model: LanguageModel | None = None) -> None:
        self._blank_id = blank_id
        self._beam_size = beam_size
        self._language_model = language_model
        self.name = f"prefix beam with {language_model.name}" if language_model else "prefix beam"

    def decode(self, batch: EncodedBatch) -> list[Decoded]:
        found = [candidates[0] for candidates in self.candidates(batch)]
        return [_decoded(best, batch, row) for row, best in enumerate(found)]

    def candidates(self, batch: EncodedBatch) -> list[list[Candidate]]:
        """Return the likeliest texts of each recording, best first; never empty."""
        contexts = batch.contexts or (None,) * len(batch.lengths_B)
        recordings = zip(contexts, self._choices(batch), strict=True)
        return [self._beam(graph).search(frames) for graph, frames in recordings]

    def _choices(self, batch: EncodedBatch) -> list[Iterator[Candidates]]:
        if self._language_model is None:
            return candidates_for(batch, self._beam_size, self._blank_id)
        considered = self._beam_size * MORE_WITH_LANGUAGE_MODEL
        return candidates_for(batch, considered, self._blank_id, LEAST_WITH_LANGUAGE_MODEL)

    def _beam(self, graph: ContextGraph | None) -> _Beam:
        context = graph.start if graph else Context()
        has_hotwords = graph is not None
        if self._language_model is None:
            return _Beam(self._beam_size, context, has_hotwords=has_hotwords)
        context = FusedContext(context, self._language_model.begin())
        return _Beam(self._beam_size, context, self._language_model.most_worth, has_hotwords=has_hotwords)


class _Beam:
    """The best prefixes of one recording, frame after frame."""

    def __init__(self, size: int, context: Context, most_worth: float = 0.0, *, has_hotwords: bool) -> None:
        self._size = size
        self._most_worth = most_worth  # language model bound for any token
        self._has_hotwords = has_hotwords
        start = Hypothesis(Prefix(None, NO_TOKEN, context, 0.0))
        start.blank = start.blank_best = start.token_best = 0.0
        start.sum_up()
        self._kept = [start]

    def search(self, frames: Iterable[Candidates]) -> list[Candidate]:
        for frame, choices in enumerate(frames):
            self._show_where_each_is()
            futures = self._staying(choices, frame)
            futures += self._growing(choices, futures)
            self._keep(self._best(futures), frame)
        candidates = sorted(map(_candidate, self._kept), key=attrgetter("score"), reverse=True)
        return candidates[: self._size]

    def _show_where_each_is(self) -> None:
        for place, hypothesis in enumerate(self._kept):
            hypothesis.place = place
            hypothesis.prefix.hypothesis = hypothesis
        for hypothesis in self._kept:
            parent = hypothesis.prefix.parent
            if parent and parent.hypothesis:
                parent.hypothesis.longer_ones += (hypothesis.prefix.token,)

    def _staying(self, choices: Candidates, frame: int) -> list[Future]:
        """Return the beam's texts without a new token."""
        futures = []
        for before in self._kept:
            after, order = self._stay(before, choices, frame)
            after.sum_up()
            if after.score > IMPOSSIBLE:
                total = after.score + after.prefix.bonus
                sure = total + after.prefix.context.unfinished
                futures.append((sure, -order, total, after, NO_TOKEN, 0.0))
        return futures

    def _stay(self, before: Hypothesis, choices: Candidates, frame: int) -> tuple[Hypothesis, int]:
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

    def _growing(self, choices: Candidates, staying: list[Future]) -> list[Future]:
        """Return the texts extended by one token that may be among the best."""
        futures: list[Future] = []
        sures = Threshold(self._size, [future[SURE] for future in staying])
        totals = Threshold(self._size, [future[TOTAL] for future in staying]) if self._has_hotwords else sures
        for before in self._kept:
            prefix, context = before.prefix, before.prefix.context
            if context.awaited:
                futures += self._grow(before, choices.awaited(context), prefix.bonus, sures, totals)
            sure_bonus = prefix.bonus + context.unfinished
            futures += self._grow(before, choices.options, sure_bonus, sures, totals, context.awaited)
        return futures

    def _grow(
        self,
        before: Hypothesis,
        options: Iterable[Option],
        bonus_left: float,
        sures: Threshold,
        totals: Threshold,
        excepted: tuple[int, ...] = (),
    ) -> Iterator[Future]:
        """Yield the extension of a text by each option, pruning what cannot enter the beam.

        Args:
            before: the text.
            options: most promising first.
            bonus_left: upper bound of its remaining bonus with any of them.
            sures: threshold of the texts so far, without unfinished hotwords.
            totals: the same with unfinished hotwords.
            excepted: tokens to skip.
        """
        last, bonus, context = before.prefix.token, before.prefix.bonus, before.prefix.context
        score, blank, longer_ones = before.score, before.blank, before.longer_ones
        reach = score + bonus_left + self._most_worth
        for most, value, rank, token in options:
            if reach + most < sures.height:
                break
            after, gain = context[token]
            total = (blank if token == last else score) + value + bonus + gain
            if total < sures.height or total == IMPOSSIBLE or token in longer_ones or token in excepted:
                continue
            sure = total + after.unfinished
            if (sure < sures.height and total < totals.height) or (gain > 0 and value < LEAST_HOT):
                continue
            sures.raise_to(sure)
            if totals is not sures:
                totals.raise_to(total)
            yield sure, -self._order(rank, before) - 1, total, before, token, value

    def _best(self, futures: list[Future]) -> list[Future]:
        """Return the best with and without unfinished hotwords, best first.

        Otherwise texts with a just started hotword would push out the right text and then lose their advance bonus.
        """
        futures.sort(reverse=True)
        kept = futures[: self._size]
        if self._has_hotwords and any(future[TOTAL] > future[SURE] for future in futures):
            known = {future[ORDER] for future in kept}
            futures.sort(key=itemgetter(TOTAL), reverse=True)
            kept += [future for future in futures[: self._size] if future[ORDER] not in known]
            kept.sort(key=itemgetter(TOTAL), reverse=True)
        return kept

    def _keep(self, futures: list[Future], frame: int) -> None:
        for hypothesis in self._kept:
            hypothesis.prefix.hypothesis = None
        if futures:  # a frame without possible tokens changes nothing
            self._kept = [
                before if token == NO_TOKEN else grown(before, token, value, frame)
                for *_, before, token, value in futures
            ]

    def _order(self, rank: int, hypothesis: Hypothesis) -> int:
        """Number the texts of a frame in WeNet's order: by token, then by position in the beam."""
        return 2 * (rank * 2 * self._size + hypothesis.place)


def _candidate(hypothesis: Hypothesis) -> Candidate:
    prefix = hypothesis.prefix
    bonus = prefix.bonus + prefix.context.unfinished + prefix.context.ending
    return Candidate(prefix.tokens(), hypothesis.frame_numbers(), hypothesis.score + bonus, bonus)


def _decoded(candidate: Candidate, batch: EncodedBatch, row: int) -> Decoded:
    log_probs_TV = batch.log_probs_BTV[row]
    chosen = log_probs_TV[list(candidate.frames), list(candidate.tokens)].exp().tolist()
    return Decoded(candidate.tokens, candidate.frames, tuple(chosen))
