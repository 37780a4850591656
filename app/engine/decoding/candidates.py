"""The tokens a search considers in each frame: the likeliest, and those that continue a hotword. Knows no texts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from app.engine.decoding import EncodedBatch
from app.engine.decoding.hotwords import Context, ContextGraph

IMPOSSIBLE = -math.inf
BEHIND = 1_000_000  # rank of the first token that is not among the likeliest
NOT_FOUND = (IMPOSSIBLE, BEHIND)
MOST_FIRSTS = 5
"""How many first tokens of hotwords are considered per frame, besides the likeliest tokens."""
LEAST_HOT = -10.0
"""Log-probability below which a token was not heard, whatever a hotword would add to it. Measured on the built-in
model: homophones lie at -3 to -10 where they are spoken, and any character at -11 to -20 where it is not."""

Option: TypeAlias = tuple[float, float, int, int]
"""Upper bound of what a token adds to a text, its log-probability, its rank in the frame, and its id."""


def candidates_for(
    batch: EncodedBatch, beam_size: int, blank_id: int, least: float = IMPOSSIBLE
) -> list[Iterator[Candidates]]:
    """Return the candidates per frame of each recording, with a single top-k over the whole batch.

    Tokens with a log-probability not above `least` are skipped, unless they continue a hotword.
    """
    values_BTN, tokens_BTN = batch.log_probs_BTV.topk(min(beam_size, batch.log_probs_BTV.shape[-1]))
    contexts = batch.contexts or (None,) * len(values_BTN)
    rows = zip(tokens_BTN.tolist(), values_BTN.tolist(), batch.lengths_B.tolist(), contexts, strict=True)
    found = []
    for row, (tokens, values, length, graph) in enumerate(rows):
        likeliest = _plain(tokens[:length], values[:length], blank_id, least)
        found.append(_hot(likeliest, graph, batch.log_probs_BTV[row, :length]) if graph else likeliest)
    return found


class Candidates:
    """The likeliest tokens of one frame."""

    __slots__ = ("blank", "found", "options")

    def __init__(self, tokens: list[int], values: list[float], blank_id: int, least: float) -> None:
        self.found = {
            token: (value, rank)
            for rank, (token, value) in enumerate(zip(tokens, values, strict=True))
            if value > IMPOSSIBLE
        }
        self.blank = self.find(blank_id)
        self.options: list[Option] = [
            (value, value, rank, token)
            for token, (value, rank) in self.found.items()
            if token != blank_id and value > least
        ]
        """Possible continuations of a text, most promising first; for a started hotword see `awaited`."""

    def find(self, token: int) -> tuple[float, int]:
        """Return log-probability and rank of a token; IMPOSSIBLE if it is not considered."""
        return self.found.get(token, NOT_FOUND)

    def awaited(self, _context: Context) -> list[Option]:
        """Return the continuations of a text with a started hotword, most promising first."""
        return []


class HotwordCandidates(Candidates):
    """The likeliest tokens of one frame, and those that continue a hotword, however unlikely."""

    __slots__ = ("_graph", "_useful_G")

    def __init__(
        self,
        likeliest: Candidates,
        graph: ContextGraph,
        useful_G: npt.NDArray[np.float32],
        firsts: list[int],
    ) -> None:
        self.found, self.blank, self.options = likeliest.found, likeliest.blank, likeliest.options
        self._graph, self._useful_G = graph, useful_G
        if firsts or not graph.places.keys().isdisjoint(self.found):
            most = graph.most_gains
            options = [(value + most.get(token, 0.0), value, rank, token) for _, value, rank, token in self.options]
            known = {token for *_, token in options}
            options += self._hot(token for token in firsts if token not in known)
            self.options = sorted(options, reverse=True)

    def find(self, token: int) -> tuple[float, int]:
        found = self.found.get(token)
        if found is not None:
            return found
        place = self._graph.places.get(token)
        return NOT_FOUND if place is None else (float(self._useful_G[place]), BEHIND + place)

    def awaited(self, context: Context) -> list[Option]:
        return sorted(self._hot(context.awaited), reverse=True)

    def _hot(self, tokens: Iterable[int]) -> list[Option]:
        options = []
        for token in tokens:
            value, rank = self.find(token)
            if value > LEAST_HOT:
                options.append((value + self._graph.most_gains[token], value, rank, token))
        return options


def _plain(tokens: list[list[int]], values: list[list[float]], blank_id: int, least: float) -> Iterator[Candidates]:
    for frame_tokens, frame_values in zip(tokens, values, strict=True):
        yield Candidates(frame_tokens, frame_values, blank_id, least)


def _hot(likeliest: Iterable[Candidates], graph: ContextGraph, log_probs_TV: Tensor) -> Iterator[Candidates]:
    useful_TG = log_probs_TV[:, torch.tensor(graph.tokens, device=log_probs_TV.device)].float().cpu()
    firsts = _likely_firsts(useful_TG, graph)
    for choices, useful_G, first in zip(likeliest, useful_TG.numpy(), firsts, strict=True):
        yield HotwordCandidates(choices, graph, useful_G, first)


def _likely_firsts(useful_TG: Tensor, graph: ContextGraph) -> list[list[int]]:
    """Return the likeliest first tokens of hotwords for each frame."""
    places = torch.tensor([graph.places[token] for token in graph.firsts])
    values_TN, best_TN = useful_TG[:, places].topk(min(MOST_FIRSTS, len(places)))
    return [
        [graph.firsts[i] for i, value in zip(best, values, strict=True) if value > LEAST_HOT]
        for best, values in zip(best_TN.tolist(), values_TN.tolist(), strict=True)
    ]
