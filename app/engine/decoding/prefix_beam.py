"""CTC prefix beam search: the likeliest texts, summed over every way in which the frames can spell them.

Source: Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent
DNNs", 2014, algorithm 1; beside each sum the best single path is kept, which tells the frames (as in WeNet).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from app.engine.decoding import Decoded, EncodedBatch

IMPOSSIBLE = -math.inf

Tokens: TypeAlias = tuple[int, ...]
Choice: TypeAlias = tuple[int, float]
"""A token and its log-probability at one frame."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the likeliest texts of a recording."""

    tokens: Tokens
    frames: tuple[int, ...]
    """The frame of each token on the best path."""
    score: float
    """Log-probability."""


class PrefixBeamDecoder:
    """Keeps `beam_size` prefixes and looks at as many tokens in every frame."""

    name = "prefix beam"

    def __init__(self, blank_id: int, beam_size: int = 10) -> None:
        self._blank_id = blank_id
        self._beam_size = beam_size

    def decode(self, batch: EncodedBatch) -> list[Decoded]:
        found = [candidates[0] for candidates in self.candidates(batch)]
        return [_decoded(best, batch, row) for row, best in enumerate(found)]

    def candidates(self, batch: EncodedBatch) -> list[list[Candidate]]:
        """Return the likeliest texts of each recording, best first; never an empty list."""
        width = min(self._beam_size, batch.log_probs_BTV.shape[-1])
        values_BTN, tokens_BTN = batch.log_probs_BTV.topk(width)
        rows = zip(tokens_BTN.tolist(), values_BTN.tolist(), batch.lengths_B.tolist(), strict=True)
        return [self._search(tokens[:length], values[:length]) for tokens, values, length in rows]

    def _search(self, tokens: list[list[int]], values: list[list[float]]) -> list[Candidate]:
        beam: list[tuple[Tokens, _Prefix]] = [((), _Prefix.start())]
        for frame, (frame_tokens, frame_values) in enumerate(zip(tokens, values, strict=True)):
            choices = [
                choice for choice in zip(frame_tokens, frame_values, strict=True) if choice[1] > IMPOSSIBLE
            ]
            following = self._extend(beam, choices, frame)
            beam = self._best(following)
        return [Candidate(prefix, state.frames, state.score) for prefix, state in beam]

    def _best(self, following: dict[Tokens, _Prefix]) -> list[tuple[Tokens, _Prefix]]:
        possible = [(state.score, prefix) for prefix, state in following.items() if state.score > IMPOSSIBLE]
        possible.sort(key=itemgetter(0), reverse=True)  # stable: equals keep the order in which they came
        return [(prefix, following[prefix]) for _, prefix in possible[: self._beam_size]]

    def _extend(
        self, beam: list[tuple[Tokens, _Prefix]], choices: list[Choice], frame: int
    ) -> dict[Tokens, _Prefix]:
        following: defaultdict[Tokens, _Prefix] = defaultdict(_Prefix)
        for token, value in choices:
            for prefix, state in beam:
                if token == self._blank_id:
                    following[prefix].add_blank(state, value)
                elif prefix and token == prefix[-1]:
                    following[prefix].repeat(state, value, frame)
                    following[(*prefix, token)].append(
                        state.blank, state.blank_best, state.blank_frames, value, frame
                    )
                else:
                    following[(*prefix, token)].append(state.score, state.best, state.frames, value, frame)
        return following


class _Prefix:
    """Log-probabilities of one prefix at one frame, apart for paths that end in a blank and in a token."""

    __slots__ = ("blank", "blank_best", "blank_frames", "peak", "token", "token_best", "token_frames")

    def __init__(self) -> None:
        self.blank = self.token = IMPOSSIBLE  # sums over all paths
        self.blank_best = self.token_best = IMPOSSIBLE  # the best single path
        self.blank_frames: tuple[int, ...] = ()  # where that path has its tokens
        self.token_frames: tuple[int, ...] = ()
        self.peak = IMPOSSIBLE  # of the last token, at this frame

    @classmethod
    def start(cls) -> _Prefix:
        state = cls()
        state.blank = state.blank_best = state.token_best = 0.0
        return state

    @property
    def score(self) -> float:
        return _add(self.blank, self.token)

    @property
    def best(self) -> float:
        return max(self.blank_best, self.token_best)

    @property
    def frames(self) -> tuple[int, ...]:
        return self.blank_frames if self.blank_best > self.token_best else self.token_frames

    def add_blank(self, before: _Prefix, value: float) -> None:
        self.blank = _add(self.blank, before.score + value)
        self.blank_best = before.best + value
        self.blank_frames = before.frames

    def repeat(self, before: _Prefix, value: float, frame: int) -> None:
        """The last token goes on for another frame; the text stays."""
        self.token = _add(self.token, before.token + value)
        if before.token_best + value > self.token_best:
            self.token_best = before.token_best + value
            if value > self.peak:
                self.peak = value
                self.token_frames = (*before.token_frames[:-1], frame)

    def append(
        self, before: float, best_before: float, frames: tuple[int, ...], value: float, frame: int
    ) -> None:
        """The text grows by a token."""
        self.token = _add(self.token, before + value)
        if best_before + value > self.token_best:
            self.token_best = best_before + value
            self.token_frames = (*frames, frame)
            self.peak = value


def _add(first: float, second: float) -> float:
    """Return log(exp(first) + exp(second)) without leaving the range of floats."""
    if first < second:
        first, second = second, first
    return first if second == IMPOSSIBLE else first + math.log1p(math.exp(second - first))


def _decoded(candidate: Candidate, batch: EncodedBatch, row: int) -> Decoded:
    log_probs_TV = batch.log_probs_BTV[row]
    chosen = log_probs_TV[list(candidate.frames), list(candidate.tokens)].exp().tolist()
    return Decoded(candidate.tokens, candidate.frames, tuple(chosen))
