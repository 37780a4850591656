"""Gathers the segments of all running jobs into batches for the process that infers, and gives each job its own back.

Every job has a lane: it hands in a few segments ahead and takes out what became of them. One thread sends whatever
waits as soon as the process is free, so that jobs read and store while it computes. No files and no database here.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition

from app.engine import EngineInfo, Hypothesis, Utterance
from app.errors import AppError, InferenceCrashed, InferenceHung, InferenceUnavailable
from app.jobs.inference import InferenceProcess
from app.logging import event
from app.transcript import Applied

TRIES_ALONE = 2  # the process may have died by chance; twice of the same segment is no chance
LEAST_AHEAD = 2  # segments of a job that are handed in: one is computed, one is ready
BATCHES_AHEAD = 3  # where batches are worth while: one is computed, and lengths can be chosen for the next

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text of one segment, and what gave it."""

    hypothesis: Hypothesis
    receipt: tuple[Applied, ...]
    info: EngineInfo


@dataclass(slots=True, eq=False)
class Order:
    """One segment on its way through the process that infers."""

    index: int
    """The job's own number for it."""
    utterance: Utterance
    tries: int = 0
    """Deaths of the process that it alone has seen."""
    is_alone: bool = False
    """A batch with it went wrong, so it is sent without company."""
    result: Recognised | Exception | None = None
    """None until it is done."""

    @property
    def seconds(self) -> float:
        return self.utterance.seconds

    def recognised(self) -> Recognised:
        """Return the text of a segment that is done, or raise what went wrong."""
        if isinstance(self.result, Exception):
            raise self.result
        assert self.result is not None  # noqa: S101 - only those that are done are given out
        return self.result


@dataclass(slots=True, eq=False)
class Lane:
    """One job's segments on their way; `index` is their order."""

    job: str
    priority: int
    """Lanes with less wait while one with more has segments: a person who speaks comes before recordings."""
    batches: Batches
    waiting: deque[Order] = field(default_factory=deque)
    in_work: list[Order] = field(default_factory=list)
    done: deque[Order] = field(default_factory=deque)

    @property
    def has_room(self) -> bool:
        """More segments would make better batches, or keep the process from waiting."""
        with self.batches.changed:
            ahead = [*self.waiting, *self.in_work]
        enough = BATCHES_AHEAD * self.batches.batch_seconds
        return len(ahead) < LEAST_AHEAD or sum(order.seconds for order in ahead) < enough

    @property
    def is_empty(self) -> bool:
        with self.batches.changed:
            return not (self.waiting or self.in_work or self.done)

    def hand_in(self, index: int, utterance: Utterance) -> None:
        with self.batches.changed:
            self.waiting.append(Order(index, utterance))
            self.batches.changed.notify_all()

    def take_out(self, patience_seconds: float) -> Order | None:
        """Return a segment that is done; None where there was none for so long."""
        with self.batches.changed:
            self.batches.changed.wait_for(lambda: self.done, patience_seconds)
            return self.done.popleft() if self.done else None

    def wait_again(self, order: Order, reason: object) -> None:
        """Put a segment back into its place, to be sent without company."""
        event(_log, logging.WARNING, "segment_tried_again", job=self.job, index=order.index, reason=reason)
        order.is_alone = True
        self.waiting = deque(sorted((*self.waiting, order), key=lambda each: each.index))

    def withdraw(self) -> int:
        """Take back what waits and return how many those are; what is being computed goes on."""
        with self.batches.changed:
            withdrawn = len(self.waiting)
            self.waiting.clear()
            return withdrawn


class Batches:
    """The one way from jobs to the process that infers."""

    def __init__(self, inference: InferenceProcess, timeout_seconds: float) -> None:
        self.changed = Condition()
        self._inference = inference
        self._timeout_seconds = timeout_seconds
        self._lanes: list[Lane] = []  # the next one to be served comes first
        self._is_stopping = False

    @property
    def batch_seconds(self) -> float:
        """Padded seconds that the loaded engine likes to get at once; 0 is one by one."""
        return self._inference.batch_seconds

    @contextmanager
    def lane(self, job: str, priority: int = 0) -> Iterator[Lane]:
        """A way through for one job; at the end of the block whatever is still under way is forgotten."""
        lane = Lane(job, priority, self)
        with self.changed:
            self._lanes.append(lane)
        try:
            yield lane
        finally:
            with self.changed:
                self._lanes.remove(lane)

    def run(self) -> None:
        """Send batches until `stop`."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self._is_stopping or self._next_lane())
                if self._is_stopping:
                    return
                batch = self._take_batch()
            self._send(batch)

    def stop(self) -> None:
        with self.changed:
            self._is_stopping = True
            self.changed.notify_all()

    # Choosing; under the lock

    def _next_lane(self) -> Lane | None:
        """Return the lane whose turn it is; the first of those of the highest priority."""
        waiting = [lane for lane in self._lanes if lane.waiting]
        return max(waiting, key=lambda lane: lane.priority, default=None)

    def _take_batch(self) -> list[tuple[Lane, Order]]:
        """Take the oldest segment of the lane whose turn it is, and of all lanes those that go well with it."""
        lane = self._next_lane()
        assert lane is not None  # noqa: S101 - the caller waited for one
        self._lanes.remove(lane)
        self._lanes.append(lane)
        equals = [each for each in self._lanes if each.priority == lane.priority]
        waiting = {order: each for each in equals for order in each.waiting}
        chosen = go_together(lane.waiting[0], waiting, self.batch_seconds)
        for order in chosen:
            waiting[order].waiting.remove(order)
            waiting[order].in_work.append(order)
        return [(waiting[order], order) for order in chosen]

    # Sending

    def _send(self, batch: list[tuple[Lane, Order]]) -> None:
        utterances = [order.utterance for _, order in batch]
        try:
            answer = self._inference.transcribe(utterances, self._timeout_seconds)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to whom it concerns
            self._settle(batch, [error] * len(batch))
        else:
            parts = zip(answer.hypotheses, answer.receipts, strict=True)
            self._settle(batch, [Recognised(*part, answer.info) for part in parts])

    def _settle(self, batch: list[tuple[Lane, Order]], results: Sequence[Recognised | Exception]) -> None:
        """Give each lane its results; what may do better alone, or a second time, waits again."""
        with self.changed:
            for (lane, order), result in zip(batch, results, strict=True):
                lane.in_work.remove(order)
                if _is_worth_another_try(order, result, len(batch)):
                    lane.wait_again(order, result)
                else:
                    order.result = result
                    lane.done.append(order)
            self.changed.notify_all()


def go_together(seed: Order, others: Iterable[Order], batch_seconds: float) -> list[Order]:
    """Return `seed` and those of similar length that fit beside it into so many padded seconds."""
    batch, longest = [seed], seed.seconds
    if seed.is_alone:
        return batch
    for order in sorted(others, key=lambda order: abs(order.seconds - seed.seconds)):
        padded = max(longest, order.seconds) * (len(batch) + 1)
        if order is not seed and not order.is_alone and padded <= batch_seconds:
            batch.append(order)
            longest = max(longest, order.seconds)
    return batch


def _is_worth_another_try(order: Order, result: Recognised | Exception, batch_size: int) -> bool:
    """An error of several may be the fault of one; a death of the process may be chance."""
    if not isinstance(result, AppError) or isinstance(result, InferenceUnavailable):
        return False
    if batch_size > 1:
        return True
    order.tries += isinstance(result, InferenceCrashed | InferenceHung)
    return isinstance(result, InferenceCrashed | InferenceHung) and order.tries < TRIES_ALONE
