"""Collects the segments of all running jobs into batches for a pool of inference and hands back the results.

Every job has a queue: it submits a few segments ahead and takes the results. What is waiting is sent as soon as the
pool has a free place, so that jobs read and store while it computes. No files and no database here.

Live speech takes precedence over recordings in two ways: queues of higher priority are served first, and nothing long
is started in the last free place while somebody is speaking. A recording that has waited longer than PATIENCE_SECONDS
is served anyway. Places that the pool keeps for live speech are not given to recordings at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Condition, Thread
from typing import TypeAlias

from app import metrics
from app.domain.errors.base import AppError, Problem
from app.domain.errors.inference import InferenceCrashed, InferenceHung, InferenceUnavailable
from app.services.inference.role import BatchPool
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

PATIENCE_SECONDS = 5.0  # longest wait of a recording for live speech, per segment
QUICK_SECONDS = 0.15  # of computing that a speaker does not notice
SHORT_SECONDS = 0.5  # of computing per batch of recordings while live sessions are open but silent
FIRST_PACE = 0.03  # seconds of computing per second of audio, until measured
PACE_KEPT = 0.8  # weight of the previous pace in the moving average

Batch: TypeAlias = list[tuple[SegmentQueue, SegmentRequest]]


class InferenceScheduler:
    """The only path from jobs to inference."""

    def __init__(
        self,
        inference: BatchPool,
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
        self._sent = 0  # batches that are being computed
        self._is_stopping = False
        inference.serve(self)

    @property
    def batch_seconds(self) -> float:
        """Preferred batch size of the loaded engine in padded seconds; 0 means no batching."""
        return self._inference.batch_seconds

    @property
    def places(self) -> int:
        """How many batches can be computed at once."""
        return self._inference.places

    @property
    def waits_for(self) -> Problem | None:
        """Why nothing can be computed at present, where work waits for something outside."""
        return self._inference.waits_for

    @property
    def ahead(self) -> tuple[int, float]:
        """The segments of all jobs that wait or are being computed: their number, and their seconds."""
        with self.changed:
            requests = [request for queue in self._queues for request in (*queue.waiting, *queue.in_work)]
        return len(requests), sum(request.seconds for request in requests)

    @property
    def waiting(self) -> int:
        """How many segments wait for a free place."""
        with self.changed:
            return sum(len(queue.waiting) for queue in self._queues)

    def places_changed(self) -> None:
        """Look again whether something can be sent."""
        with self.changed:
            self.changed.notify_all()

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
        """Send batches until `stop`, each in the thread of a sender: there are as many as were ever needed at once."""
        batches: SimpleQueue[Batch] = SimpleQueue()
        senders: list[Thread] = []
        while batch := self._next_batch():
            if len(senders) < self._sent:
                senders.append(Thread(target=self._send_all, args=(batches,), name="batch-sender", daemon=True))
                senders[-1].start()
            batches.put(batch)
        for _ in senders:
            batches.put([])
        for sender in senders:
            sender.join()

    def _next_batch(self) -> Batch:
        """Wait for the next batch; empty when stopping."""
        with self.changed:
            while not self._is_stopping:
                if batch := self._take_batch():
                    self._sent += 1
                    return batch
                self.changed.wait(self._seconds_until_overdue())
        return []

    def stop(self) -> None:
        with self.changed:
            self._is_stopping = True
            self.changed.notify_all()

    # Choosing; under the lock

    def _take_batch(self) -> Batch:
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

        None if no place is free, if nothing waits, or only what is too long to start while somebody is speaking.
        """
        free = self._free_places
        if free <= 0:
            return None
        waiting = [queue for queue in self._queues if queue.waiting]
        if not self._has_place_for_recordings:
            waiting = [queue for queue in waiting if queue.priority != RECORDING]
        recording = next((queue for queue in waiting if queue.priority == RECORDING), None)
        first = max(waiting, key=lambda queue: queue.priority, default=None)
        if first is None:
            return None
        is_last = free == 1
        is_disturbing = first is not recording or (is_last and any(queue.is_speaking for queue in self._queues))
        if recording and is_disturbing and self._seconds_left(recording) <= 0:
            return recording, 0.0  # a single one: live speech is next
        if first is not recording:
            return first, self.batch_seconds
        if not is_disturbing:
            return first, self._seconds_of_recordings(waiting, free)
        quick = QUICK_SECONDS / self._pace
        return (first, min(quick, self.batch_seconds)) if first.waiting[0].seconds <= quick else None

    @property
    def _free_places(self) -> int:
        return self._inference.places - self._sent

    @property
    def _has_place_for_recordings(self) -> bool:
        return self._free_places > self._inference.kept_places

    def _seconds_of_recordings(self, waiting: Sequence[SegmentQueue], free: int) -> float:
        """Return how much to send at once while nobody speaks: of little that waits, each free place gets a share."""
        if free > 1:
            total = sum(request.seconds for queue in waiting for request in queue.waiting)
            return min(self.batch_seconds, total / free)
        is_live = any(queue.priority != RECORDING for queue in self._queues)
        return min(self.batch_seconds, SHORT_SECONDS / self._pace) if is_live else self.batch_seconds

    def _seconds_left(self, recording: SegmentQueue) -> float:
        """Return how much longer a recording has to wait for live speech."""
        since = max(recording.waiting[0].since, self._recording_served_at)
        return since + self._patience_seconds - time.monotonic()

    def _seconds_until_overdue(self) -> float | None:
        """Return when to look again although nothing changed; None where only a change can help."""
        held_back = [queue for queue in self._queues if queue.waiting]
        if not held_back or not self._has_place_for_recordings:
            return None
        return max(0.0, self._seconds_left(held_back[0]))

    # Sending

    def _send_all(self, batches: SimpleQueue[Batch]) -> None:
        while batch := batches.get():
            self._send(batch)

    def _send(self, batch: Batch) -> None:
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

    def _note_pace(self, batch: Batch, seconds: float) -> None:
        """Update the measured pace; loading a model in between does not count."""
        sound = max(request.seconds for _, request in batch) * len(batch)
        measured = min(seconds / max(sound, 1.0), 10 * self._pace)
        self._pace = PACE_KEPT * self._pace + (1 - PACE_KEPT) * measured

    def _settle(self, batch: Batch, results: Sequence[Recognised | Exception]) -> None:
        """Give each queue its results; requests worth retrying, alone or a second time, are requeued."""
        with self.changed:
            self._sent -= 1
            for (queue, request), result in zip(batch, results, strict=True):
                queue.in_work.remove(request)
                if self._is_worth_another_try(request, result, len(batch)):
                    queue.requeue(request, result)
                else:
                    request.result = result
                    queue.done.append(request)
            self.changed.notify_all()
        for queue in {id(queue): queue for queue, _ in batch}.values():
            if queue.on_done:
                queue.on_done()

    def _is_worth_another_try(self, request: SegmentRequest, result: Recognised | Exception, batch_size: int) -> bool:
        """One request may have failed the whole batch; a crash may be chance."""
        if not isinstance(result, AppError) or isinstance(result, InferenceUnavailable):
            return False
        if batch_size > 1:
            return True
        request.tries += isinstance(result, InferenceCrashed | InferenceHung)
        return isinstance(result, InferenceCrashed | InferenceHung) and request.tries < self._inference.tries_alone


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
