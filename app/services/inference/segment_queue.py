"""The queue of one job's segments for the inference process: some are submitted ahead, results are taken when done."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Protocol

from app.domain.transcript import Applied
from app.engine import EngineInfo, Hypothesis, Utterance
from app.logging import event

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
class SegmentRequest:
    """One segment on its way through the inference process."""

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


class Scheduler(Protocol):
    """What a queue knows of the scheduler that takes from it."""

    changed: Condition

    @property
    def batch_seconds(self) -> float: ...


@dataclass(slots=True, eq=False)
class SegmentQueue:
    """One job's segments on their way; `index` is their order."""

    job: str
    priority: int
    """Lanes with less wait while one with more has segments: a person who speaks comes before recordings."""
    scheduler: Scheduler
    on_done: Callable[[], None] | None = None
    """Called when a segment is done; it must not wait."""
    is_speaking: bool = False
    """Somebody is in the middle of a sentence and will want an answer soon."""
    waiting: deque[SegmentRequest] = field(default_factory=deque)
    in_work: list[SegmentRequest] = field(default_factory=list)
    done: deque[SegmentRequest] = field(default_factory=deque)

    @property
    def has_room(self) -> bool:
        """More segments would make better batches, or keep the process from waiting."""
        with self.scheduler.changed:
            ahead = [*self.waiting, *self.in_work]
        enough = BATCHES_AHEAD * self.scheduler.batch_seconds
        return len(ahead) < LEAST_AHEAD or sum(request.seconds for request in ahead) < enough

    @property
    def is_empty(self) -> bool:
        with self.scheduler.changed:
            return not (self.waiting or self.in_work or self.done)

    def submit(self, index: int, utterance: Utterance) -> None:
        with self.scheduler.changed:
            self.waiting.append(SegmentRequest(index, utterance))
            self.scheduler.changed.notify_all()

    def set_speaking(self, *, is_speaking: bool) -> None:
        """Keep the process from beginning something long, or allow it again."""
        with self.scheduler.changed:
            self.is_speaking = is_speaking
            self.scheduler.changed.notify_all()

    def next_result(self, patience_seconds: float) -> SegmentRequest | None:
        """Return a segment that is done; None where there was none for so long."""
        with self.scheduler.changed:
            self.scheduler.changed.wait_for(lambda: self.done, patience_seconds)
            return self.done.popleft() if self.done else None

    def requeue(self, request: SegmentRequest, reason: object) -> None:
        """Put a segment back into its place, to be sent without company."""
        event(_log, logging.WARNING, "segment_tried_again", job=self.job, index=request.index, reason=reason)
        request.is_alone = True
        self.waiting = deque(sorted((*self.waiting, request), key=lambda each: each.index))

    def cancel(self, index: int) -> bool:
        """Take back one segment; return whether it still waited."""
        with self.scheduler.changed:
            found = next((request for request in self.waiting if request.index == index), None)
            if found:
                self.waiting.remove(found)
            return found is not None

    def cancel_waiting(self) -> int:
        """Take back what waits and return how many those are; what is being computed goes on."""
        with self.scheduler.changed:
            withdrawn = len(self.waiting)
            self.waiting.clear()
            return withdrawn
