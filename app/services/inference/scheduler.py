"""Collects the segments of all running jobs into batches for the inference process and hands back the results.

Every job has a queue: it submits a few segments ahead and takes the results. One thread sends what is waiting as soon
as the process is free, so that jobs read and store while it computes. No files and no database here.

Live speech takes precedence over recordings in two ways: queues of higher priority are served first, and nothing long
is started while somebody is speaking. A recording that has waited longer than PATIENCE_SECONDS is served anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition

from app import metrics
from app.domain.errors.base import AppError
from app.domain.errors.inference import InferenceCrashed, InferenceHung, InferenceUnavailable
from app.services.inference.process import InferenceProcess
from app.services.inference.segment_queue import (
    FINAL,
    PARTIAL,
    RECORDING,
    Recognised,
    SegmentQueue,
    SegmentRequest,
)

__all__ = [
    "FINAL",
    "PARTIAL",
    "RECORDING",
    "InferenceScheduler",
    "Recognised",
    "SegmentQueue",
    "SegmentRequest",
]

TRIES_ALONE = 2  # one crash may be chance; two on the same segment are not
PATIENCE_SECONDS = 5.0  # longest wait of a recording for live speech, per segment
QUICK_SECONDS = 0.15  # of computing that a speaker does not notice
SHORT_SECONDS = 0.5  # of computing per batch of recordings while live sessions are open but silent
FIRST_PACE = 0.03  # seconds of computing per second of audio, until measured
PACE_KEPT = 0.8  # weight of the previous pace in the moving average


class InferenceScheduler:
    """The only path from jobs to the inference process."""

    def __init__(
        self,
        inference: InferenceProcess,
        timeout_seconds: float,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.changed = Condition()
        self._inference = inference
        self._timeout_seconds = timeout_seconds
        self._patience_seconds = patience_seconds
        self._pace = FIRST_PACE
        self._recording_served_at = 0.0
        self._queues: list[SegmentQueue] = []  # next to be served first
        self._is_stopping = False

    @property
    def batch_seconds(self) -> float:
        """Preferred batch size of the loaded engine in padded seconds; 0 means no batching."""
        return self._inference.batch_seconds

    @contextmanager
    def queue(
        self, job: str, priority: int = RECORDING, on_done: Callable[[], None] | None = None
    ) -> Iterator[SegmentQueue]:
        """Open a queue for one job; when the block ends, pending segments are dropped."""
        queue = SegmentQueue(job, priority, self, on_done)
        with self.changed:
            self._queues.append(queue)
        try:
            yield queue
        finally:
            with self.changed:
                self._queues.remove(queue)
                self.changed.notify_all()

    def run(self) -> None:
        """Send batches until `stop`."""
        while batch := self._next_batch():
            self._send(batch)

    def _next_batch(self) -> list[tuple[SegmentQueue, SegmentRequest]]:
        """Wait for the next batch; empty when stopping."""
        with self.changed:
            while not self._is_stopping:
                if batch := self._take_batch():
                    return batch
                self.changed.wait(self._seconds_until_overdue())
        return []

    def stop(self) -> None:
        with self.changed:
            self._is_stopping = True
            self.changed.notify_all()

    # Choosing; under the lock

    def _take_batch(self) -> list[tuple[SegmentQueue, SegmentRequest]]:
        """Take the oldest segment of the next queue, and segments of all queues that batch well with it."""
        found = self._next_queue()
        if found is None:
            return []
        queue, most_seconds = found
        self._queues.remove(queue)
        self._queues.append(queue)
        if queue.priority == RECORDING:
            self._recording_served_at = time.monotonic()
        equals = [each for each in self._queues if each.priority == queue.priority]
        waiting = {request: each for each in equals for request in each.waiting}
        chosen = batch_around(queue.waiting[0], waiting, most_seconds)
        for request in chosen:
            waiting[request].waiting.remove(request)
            waiting[request].in_work.append(request)
        return [(waiting[request], request) for request in chosen]

    def _next_queue(self) -> tuple[SegmentQueue, float] | None:
        """Return the next queue and how many seconds it may send; the first of the highest priority.

        None if nothing waits, or only what is too long to start while somebody is speaking.
        """
        waiting = [queue for queue in self._queues if queue.waiting]
        recording = next((queue for queue in waiting if queue.priority == RECORDING), None)
        first = max(waiting, key=lambda queue: queue.priority, default=None)
        if first is None:
            return None
        is_disturbing = first is not recording or any(queue.is_speaking for queue in self._queues)
        if recording and is_disturbing and self._seconds_left(recording) <= 0:
            return recording, 0.0  # a single one: live speech is next
        if first is not recording:
            return first, self.batch_seconds
        if not is_disturbing:
            is_live = any(queue.priority != RECORDING for queue in self._queues)
            return first, min(self.batch_seconds, SHORT_SECONDS / self._pace) if is_live else self.batch_seconds
        quick = QUICK_SECONDS / self._pace
        return (first, min(quick, self.batch_seconds)) if first.waiting[0].seconds <= quick else None

    def _seconds_left(self, recording: SegmentQueue) -> float:
        """Return how much longer a recording has to wait for live speech."""
        since = max(recording.waiting[0].since, self._recording_served_at)
        return since + self._patience_seconds - time.monotonic()

    def _seconds_until_overdue(self) -> float | None:
        held_back = [queue for queue in self._queues if queue.waiting]
        return max(0.0, self._seconds_left(held_back[0])) if held_back else None

    # Sending

    def _send(self, batch: list[tuple[SegmentQueue, SegmentRequest]]) -> None:
        utterances = [request.utterance for _, request in batch]
        began = time.monotonic()
        try:
            answer = self._inference.transcribe(utterances, self._timeout_seconds)
        except Exception as error:  # noqa: BLE001 - any error goes to the jobs concerned
            self._settle(batch, [error] * len(batch))
        else:
            seconds = time.monotonic() - began
            self._note_pace(batch, seconds)
            _count(batch, seconds)
            parts = zip(answer.hypotheses, answer.receipts, strict=True)
            self._settle(batch, [Recognised(*part, answer.info) for part in parts])

    def _note_pace(self, batch: list[tuple[SegmentQueue, SegmentRequest]], seconds: float) -> None:
        """Update the measured pace; loading a model in between does not count."""
        sound = max(request.seconds for _, request in batch) * len(batch)
        measured = min(seconds / max(sound, 1.0), 10 * self._pace)
        self._pace = PACE_KEPT * self._pace + (1 - PACE_KEPT) * measured

    def _settle(
        self, batch: list[tuple[SegmentQueue, SegmentRequest]], results: Sequence[Recognised | Exception]
    ) -> None:
        """Give each queue its results; requests worth retrying, alone or a second time, are requeued."""
        with self.changed:
            for (queue, request), result in zip(batch, results, strict=True):
                queue.in_work.remove(request)
                if _is_worth_another_try(request, result, len(batch)):
                    queue.requeue(request, result)
                else:
                    request.result = result
                    queue.done.append(request)
            self.changed.notify_all()
        for queue in {id(queue): queue for queue, _ in batch}.values():
            if queue.on_done:
                queue.on_done()


def _count(batch: Sequence[tuple[SegmentQueue, SegmentRequest]], seconds: float) -> None:
    metrics.batch_segments.observe(len(batch))
    metrics.speech_seconds.inc(sum(request.seconds for _, request in batch))
    metrics.computing_seconds.inc(seconds)


def batch_around(seed: SegmentRequest, others: Iterable[SegmentRequest], batch_seconds: float) -> list[SegmentRequest]:
    """Return `seed` and the requests of similar length that fit into `batch_seconds` with it, padding included."""
    batch, longest = [seed], seed.seconds
    if seed.is_alone:
        return batch
    for request in sorted(others, key=lambda request: abs(request.seconds - seed.seconds)):
        padded = max(longest, request.seconds) * (len(batch) + 1)
        if request is not seed and not request.is_alone and padded <= batch_seconds:
            batch.append(request)
            longest = max(longest, request.seconds)
    return batch


def _is_worth_another_try(request: SegmentRequest, result: Recognised | Exception, batch_size: int) -> bool:
    """One request may have failed the whole batch; a crash of the process may be chance."""
    if not isinstance(result, AppError) or isinstance(result, InferenceUnavailable):
        return False
    if batch_size > 1:
        return True
    request.tries += isinstance(result, InferenceCrashed | InferenceHung)
    return isinstance(result, InferenceCrashed | InferenceHung) and request.tries < TRIES_ALONE
