"""The steps of one job: read the recording, then recognise segment by segment, each remembered at once.

Every step can be repeated: what is stored is not done again, so a job goes on wherever its last worker stopped.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from app.domain.errors.base import AppError
from app.domain.errors.inference import InferenceUnavailable
from app.domain.transcription import SegmentRecord, Transcription
from app.engine import Utterance
from app.engine.audio.decoding import read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.samples import channel_file
from app.engine.preparation.preparation import Cancelled, PreparationPool, prepare
from app.logging import event
from app.services.inference.dedicated import DedicatedEngines
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.segment_queue import Recognised, SegmentQueue, SegmentRequest
from app.services.retry import until_stored
from app.services.transcriptions.job_store import JobStore
from app.store.files.recordings import Files

LOOK_SECONDS = 0.5  # between two looks whether a job is still wanted, while its segments are computed

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Transcriber:
    """Does claimed jobs; several threads may use one."""

    claims: JobStore
    files: Files
    scheduler: InferenceScheduler
    bench: DedicatedEngines
    limits: DecodeLimits
    stopping: Event
    pool: PreparationPool | None = None
    """Where recordings are read; without one each has a process started for it."""

    def run(self, job: Transcription) -> None:
        """Do what is left of a job and end it.

        Raises:
            Cancelled: a person wants the job to end.
            Stopped: the worker stops.
            ClaimLost: the job belongs to another worker.
            AppError: the job cannot go on.
        """
        self._prepare(job)
        with self._scheduler_for(job) as scheduler:
            self.persist(lambda: self.claims.begin_recognition(job.id))
            self._recognise(job, scheduler)
        problem = self.persist(lambda: self.claims.finish(job.id))
        name, code = ("job_failed", problem.code) if problem else ("job_succeeded", "-")
        event(_log, logging.ERROR if problem else logging.INFO, name, error=code)

    def persist(self, step: Callable[[], _T]) -> _T:
        """Do a step of the database. Where that is locked or the disk is full, wait until it works again.

        Raises:
            Stopped: the worker stops meanwhile; the next one takes the job over.
        """
        return until_stored(step, self.stopping, _log_waiting)

    def _prepare(self, job: Transcription) -> None:
        """Make the samples and the plan of segments, unless both are there."""
        audio = self.files.audio(job.id)
        if job.duration is not None and self.files.has_audio(job.id):
            return
        started = time.monotonic()
        prepared = prepare(
            self.claims.source(job.id),
            audio,
            self.files.peaks(job.id),
            job.options.vad,
            self.limits,
            lambda: self._is_unwanted(job.id),
            channels=job.options.channels,
            pool=self.pool,
        )
        self.persist(lambda: self.claims.store_plan(job.id, prepared))
        event(
            _log,
            logging.INFO,
            "job_prepared",
            duration=round(prepared.facts.duration, 3),
            segments=len(prepared.spans),
            seconds=round(time.monotonic() - started, 2),
        )

    def _is_unwanted(self, id: str) -> bool:
        return self.stopping.is_set() or self.persist(lambda: self.claims.is_cancelled(id))

    @contextmanager
    def _scheduler_for(self, job: Transcription) -> Iterator[InferenceScheduler]:
        """Give the way to the model in use, or to the one that the job names, whose memory is measured."""
        if not job.options.model:
            yield self.scheduler
            return
        with self.bench.engine(job.options.model, lambda: self._is_unwanted(job.id)) as engine:
            yield engine.scheduler
            if peak_bytes := engine.peak_bytes():
                self.persist(lambda: self.claims.note_memory(job.id, peak_bytes))

    def _recognise(self, job: Transcription, scheduler: InferenceScheduler) -> None:
        """Send what is pending through the inference process, some segments ahead, and keep each text at once."""
        pending = deque(self.claims.pending(job.id))
        began = time.monotonic()
        with scheduler.queue(job.id) as queue:
            while pending or not queue.is_empty:
                if self._is_unwanted(job.id):
                    self._cancel_waiting(job, queue)
                    raise Cancelled
                while pending and queue.has_room:
                    self._submit(job, queue, pending.popleft())
                if request := queue.next_result(LOOK_SECONDS):
                    self._settle(job, request, time.monotonic() - began)
                    began = time.monotonic()

    def _submit(self, job: Transcription, queue: SegmentQueue, segment: SegmentRecord) -> None:
        audio = channel_file(self.files.audio(job.id), segment.channel)
        waveform = read_waveform(audio, segment.start, segment.end)
        queue.submit(segment.index, Utterance(waveform, job.options.recognition))

    def _cancel_waiting(self, job: Transcription, queue: SegmentQueue) -> None:
        """Take back what has not begun; what has is awaited and kept, unless the worker stops."""
        event(_log, logging.INFO, "segments_withdrawn", count=queue.cancel_waiting())
        while not (queue.is_empty or self.stopping.is_set()):
            if request := queue.next_result(LOOK_SECONDS):
                self._settle(job, request, 0.0)
            queue.cancel_waiting()  # what was to be tried again is not wanted either

    def _settle(self, job: Transcription, request: SegmentRequest, seconds: float) -> None:
        """Store the text of a segment, or why it has none."""
        try:
            recognised = request.recognised()
        except InferenceUnavailable:
            raise
        except AppError as error:
            event(_log, logging.ERROR, "segment_failed", exc_info=True, index=request.index)
            problem = error.problem
            self.persist(lambda: self.claims.fail_segment(job.id, request.index, problem, seconds))
        else:
            self._keep(job, request.index, recognised, seconds)

    def _keep(self, job: Transcription, index: int, recognised: Recognised, seconds: float) -> None:
        self.persist(lambda: self.claims.finish_segment(job.id, index, recognised, seconds))
        event(_log, logging.INFO, "segment_finished", index=index, seconds=round(seconds, 3))
        for line in recognised.hypothesis.applied:
            facts = f"{line.asked} -> {line.applied}"
            event(
                _log,
                logging.WARNING,
                "segment_compromised",
                index=index,
                option=line.name,
                became=facts,
                reason=line.reason,
            )


def _log_waiting(error: AppError, seconds: float) -> None:
    event(_log, logging.WARNING, "database_waits", seconds=seconds, reason=error)
