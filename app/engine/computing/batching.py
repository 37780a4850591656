"""Computes utterances in batches of similar length, and reduces the batch size when memory runs out.

It knows the lengths of waveforms, but no models: the function that computes a batch is passed in.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import torch

from app.domain.errors.base import Reason
from app.domain.errors.inference import OutOfMemory
from app.domain.reasons import CUT_IN_TWO, SMALLER_BATCHES
from app.engine import SAMPLE_RATE, Hypothesis, Utterance
from app.engine.computing.device import memory_errors_named, release_memory
from app.engine.computing.memory_budget import MemoryBudget
from app.engine.computing.splitting import join, quietest_point
from app.logging import event

Compute: TypeAlias = Callable[[Sequence[Utterance]], list[Hypothesis]]
"""Recognises a batch, in order; may raise torch's out-of-memory errors."""

_log = logging.getLogger(__name__)


class Batcher:
    """Recognises any number of utterances with a function that recognises a batch."""

    def __init__(self, compute: Compute, budget: MemoryBudget, device: torch.device) -> None:
        self._compute = compute
        self._budget = budget
        self._device = device

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return one hypothesis per utterance, in order, marking those affected by a lack of memory.

        Raises:
            OutOfMemory: an utterance cannot be computed even in the shortest pieces.
        """
        found: dict[int, Hypothesis] = {}
        cramped: set[int] = set()
        waiting = sorted(range(len(utterances)), key=lambda index: len(utterances[index].waveform))
        while waiting:
            batch = self._last_batch(utterances, waiting)
            hypotheses = self._compute_batch([utterances[index] for index in batch])
            if hypotheses is None:
                cramped.update(batch)
                continue
            del waiting[-len(batch) :]
            found.update(zip(batch, hypotheses, strict=True))
        for index in cramped:
            found[index] = self._explained(found[index], SMALLER_BATCHES)
        return [found[index] for index in range(len(utterances))]

    def _last_batch(self, utterances: Sequence[Utterance], waiting: list[int]) -> list[int]:
        """Return the longest of the waiting ones and as many of similar length as the budget allows."""
        longest = utterances[waiting[-1]].seconds
        most = int(self._budget.seconds / longest) if longest else len(waiting)
        return waiting[-max(1, most) :]

    def _compute_batch(self, batch: Sequence[Utterance]) -> list[Hypothesis] | None:
        """Return the hypotheses; None if memory ran out, after reducing the budget."""
        if len(batch) == 1:
            return [self._compute_alone(batch[0])]
        found = self._try(batch)
        if isinstance(found, OutOfMemory):
            self._budget.shrink(max(each.seconds for each in batch) * len(batch))
            return None
        return found

    def _compute_alone(self, utterance: Utterance) -> Hypothesis:
        """Recognise one utterance, in two pieces if memory runs out."""
        found = self._try([utterance])
        if not isinstance(found, OutOfMemory):
            return found[0]
        cut = quietest_point(utterance.waveform)
        if cut is None:
            raise found
        parts = (utterance.waveform[:cut], utterance.waveform[cut:])
        first, second = (self._compute_alone(replace(utterance, waveform=part)) for part in parts)
        return self._explained(join(first, second, cut / SAMPLE_RATE), CUT_IN_TWO)

    def _try(self, batch: Sequence[Utterance]) -> list[Hypothesis] | OutOfMemory:
        """Recognise a batch; if memory runs out, free what the attempt held and return a bare error."""
        try:
            with memory_errors_named():
                found = self._compute(batch)
        except OutOfMemory as error:
            shortage = OutOfMemory(**error.params)  # the error itself keeps every frame and its tensors alive
        else:
            self._budget.note_success()
            return found
        gc.collect()
        release_memory(self._device)
        seconds = round(max(each.seconds for each in batch), 2)
        event(_log, logging.WARNING, "memory_short", batch=len(batch), longest_seconds=seconds, reason=shortage)
        return shortage

    def _explained(self, hypothesis: Hypothesis, reason: Reason) -> Hypothesis:
        if any(line.name == "batch" for line in hypothesis.applied):
            return hypothesis  # that it was split is more informative
        return replace(hypothesis, applied=(*hypothesis.applied, self._budget.line(reason)))
