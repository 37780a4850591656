"""The way of one job's segments to the process that infers: handed in some ahead, taken out when they are done."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.transcript import Applied
from app.engine import EngineInfo, Hypothesis, Utterance
from app.logging import event

if TYPE_CHECKING:
    from app.services.inference.scheduler import Batches

RECORDING, PARTIAL, FINAL = 0, 1, 2  # priorities: a text that is complete comes before one that will change
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
    since: float = field(default_factory=time.monotonic)
    """When it was handed in."""
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
    on_done: Callable[[], None] | None = None
    """Called when a segment is done; it must not wait."""
    is_speaking: bool = False
    """Somebody is in the middle of a sentence and will want an answer soon."""
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

    def tell_speaking(self, *, is_speaking: bool) -> None:
        """Keep the process from beginning something long, or allow it again."""
        with self.batches.changed:
            self.is_speaking = is_speaking
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

    def take_back(self, index: int) -> bool:
        """Take back one segment; tell whether it still waited."""
        with self.batches.changed:
            found = next((order for order in self.waiting if order.index == index), None)
            if found:
                self.waiting.remove(found)
            return found is not None

    def withdraw(self) -> int:
        """Take back what waits and return how many those are; what is being computed goes on."""
        with self.batches.changed:
            withdrawn = len(self.waiting)
            self.waiting.clear()
            return withdrawn
