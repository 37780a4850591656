"""Which tokens a search considers in each frame: the likeliest, and those that a hotword waits for. Knows no texts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from app.engine.decoding import EncodedBatch
from app.engine.hotwords import Context, ContextGraph

IMPOSSIBLE = -math.inf
BEHIND = 1_000_000  # rank of the first token that is not among the likeliest
NOT_FOUND = (IMPOSSIBLE, BEHIND)
MOST_FIRSTS = (
    10  # beside the likeliest tokens, so many that a hotword may begin with are considered in a frame,
)
LEAST_FIRST = -15.0  # and none of a lower log-probability

Option: TypeAlias = tuple[float, float, int, int]
"""The most that a token can add to a text, its log-probability, its rank in the frame, and its id."""


def choices_of(
    batch: EncodedBatch, beam_size: int, blank_id: int, least: float = IMPOSSIBLE
) -> list[Iterator[Choices]]:
    """Return the choices of the frames of each recording, with one look for the likeliest tokens of them all.

    No text grows by a token whose log-probability is not above `least`, unless a hotword waits for it.
    """
    values_BTN, tokens_BTN = batch.log_probs_BTV.topk(min(beam_size, batch.log_probs_BTV.shape[-1]))
    contexts = batch.contexts or (None,) * len(values_BTN)
    rows = zip(tokens_BTN.tolist(), values_BTN.tolist(), batch.lengths_B.tolist(), contexts, strict=True)
    found = []
    for row, (tokens, values, length, graph) in enumerate(rows):
        likeliest = _plain(tokens[:length], values[:length], blank_id, least)
        found.append(_hot(likeliest, graph, batch.log_probs_BTV[row, :length]) if graph else likeliest)
    return found


class Choices:
    """The likeliest tokens of one frame."""

    __slots__ = ("_options", "blank", "found")

    def __init__(self, tokens: list[int], values: list[float], blank_id: int, least: float) -> None:
        self.found = {
            token: (value, rank)
            for rank, (token, value) in enumerate(zip(tokens, values, strict=True))
            if value > IMPOSSIBLE
        }
        self.blank = self.find(blank_id)
        self._options: list[Option] = [
            (value, value, rank, token)
            for token, (value, rank) in self.found.items()
            if token != blank_id and value > least
        ]

    def find(self, token: int) -> tuple[float, int]:
        """Return log-probability and rank of a token; IMPOSSIBLE where it is not considered."""
        return self.found.get(token, NOT_FOUND)

    def options(self, _context: Context) -> list[Option]:
        """Return the tokens that a text may go on with, the most promising first."""
        return self._options


class HotChoices(Choices):
    """The likeliest tokens of one frame, and those that a hotword waits for, however unlikely they are."""

    __slots__ = ("_by_context", "_graph", "_useful_G")

    def __init__(
        self,
        likeliest: Choices,
        graph: ContextGraph,
        useful_G: npt.NDArray[np.float32],
        firsts: list[int],
    ) -> None:
        self.found, self.blank = likeliest.found, likeliest.blank
        self._graph, self._useful_G = graph, useful_G
        self._options = likeliest.options(graph.start)
        if firsts or not graph.places.keys().isdisjoint(self.found):
            self._options = self._sorted(firsts)
        self._by_context: dict[int, list[Option]] = {}

    def find(self, token: int) -> tuple[float, int]:
        found = self.found.get(token)
        if found is not None:
            return found
        place = self._graph.places.get(token)
        return NOT_FOUND if place is None else (float(self._useful_G[place]), BEHIND + place)

    def options(self, context: Context) -> list[Option]:
        if not context.awaited:
            return self._options
        known = self._by_context.get(id(context))
        if known is None:
            known = self._by_context[id(context)] = self._sorted(context.awaited)
        return known

    def _sorted(self, further: Iterable[int]) -> list[Option]:
        """Return the options with further tokens and what each may add as a part of a hotword."""
        most_gains = self._graph.most_gains
        options = [
            (value + most_gains.get(token, 0.0), value, rank, token)
            for _, value, rank, token in self._options
        ]
        known = {token for *_, token in options}
        for token in further:
            value, rank = self.find(token)
            if token not in known and value > IMPOSSIBLE:
                options.append((value + most_gains[token], value, rank, token))
        return sorted(options, reverse=True)


def _plain(
    tokens: list[list[int]], values: list[list[float]], blank_id: int, least: float
) -> Iterator[Choices]:
    for frame_tokens, frame_values in zip(tokens, values, strict=True):
        yield Choices(frame_tokens, frame_values, blank_id, least)


def _hot(likeliest: Iterable[Choices], graph: ContextGraph, log_probs_TV: Tensor) -> Iterator[Choices]:
    useful_TG = log_probs_TV[:, torch.tensor(graph.tokens, device=log_probs_TV.device)].float().cpu()
    firsts = _likely_firsts(useful_TG, graph)
    for choices, useful_G, first in zip(likeliest, useful_TG.numpy(), firsts, strict=True):
        yield HotChoices(choices, graph, useful_G, first)


def _likely_firsts(useful_TG: Tensor, graph: ContextGraph) -> list[list[int]]:
    """Return the likeliest tokens that a hotword may begin with, for each frame."""
    places = torch.tensor([graph.places[token] for token in graph.firsts])
    values_TN, best_TN = useful_TG[:, places].topk(min(MOST_FIRSTS, len(places)))
    return [
        [graph.firsts[i] for i, value in zip(best, values, strict=True) if value > LEAST_FIRST]
        for best, values in zip(best_TN.tolist(), values_TN.tolist(), strict=True)
    ]
