"""Runs queued jobs in threads during a block; any number of workers may share a data folder.

One bad recording never stops the others: any error becomes the problem of its own job.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Thread

from app import metrics
from app.domain.errors.base import AppError
from app.domain.states import JobState
from app.domain.transcription import Transcription
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.preparation import Cancelled, Preparer
from app.logging import bound, event
from app.services.inference.dedicated import DedicatedEngines, no_other_models
from app.services.inference.role import Inference
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.status import Stopped
from app.services.speakers.labelling import SpeakerLabeller, no_model
from app.services.speakers.remote_model import RemoteSpeakerModel
from app.services.speakers.voice_hearing import VoiceHearing
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.job_store import ClaimLost, JobStore
from app.services.worker.transcriber import Transcriber
from app.store.files.recordings import Files

LOOK_SECONDS = 0.5  # polling for jobs queued by other processes; those of this one are announced
TAKE_OVER_SECONDS = 5.0  # between checks for dead workers
FAREWELL_SECONDS = 5.0  # for all threads together; the kernel releases the locks of one that hangs

_log = logging.getLogger(__name__)


class Worker:
    """Takes jobs from `queue` and runs them with `inference`, which it starts and stops.

    `engines` loads the models that jobs name; without it there are none.
    `speaker_model` returns the folder of the model that tells speakers apart, if there is one; with `knows_voices`
    it also looks for known voices.
    """

    def __init__(
        self,
        queue: Queue,
        files: Files,
        inference: Inference,
        limits: DecodeLimits,
        concurrent_jobs: int = 2,
        segment_timeout_seconds: float = 300.0,
        engines: DedicatedEngines | None = None,
        pool: Preparer | None = None,
        speaker_model: Callable[[], Path | None] = no_model,
        *,
        knows_voices: bool = True,
    ) -> None:
        self._queue = queue
        self._files = files
        self._inference = inference
        self._concurrent_jobs = concurrent_jobs
        self._stopping = Event()
        self._taken_over = Event()
        self._claims = JobStore(queue, secrets.token_hex(8))
        self._scheduler = InferenceScheduler(inference, segment_timeout_seconds)
        self._bench = engines or DedicatedEngines(no_other_models, segment_timeout_seconds)
        self._threads: list[Thread] = []
        self.voices = VoiceHearing(speaker_model, partial(RemoteSpeakerModel, inference, segment_timeout_seconds))
        labeller = SpeakerLabeller(self.voices, knows_voices)
        self._transcriber = Transcriber(
            self._claims, files, self._scheduler, self._bench, limits, self._stopping, labeller, pool
        )

    @property
    def id(self) -> str:
        return self._claims.worker

    @property
    def is_working(self) -> bool:
        """Whether every thread is alive."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def bench(self) -> DedicatedEngines:
        """The place of a second model."""
        return self._bench

    @property
    def scheduler(self) -> InferenceScheduler:
        """The scheduler, for callers that need texts outside of jobs."""
        return self._scheduler

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run jobs during the block. At its end, unfinished jobs return to the queue without their current segment."""
        with self._queue.database.worker_locks.holding(self.id, self._renew):
            self._inference.start()
            threads = self._threads = self._start_threads()
            event(_log, logging.INFO, "worker_started", worker=self.id, threads=len(threads))
            try:
                yield
            finally:
                self._stop(threads)

    def _renew(self, id: str) -> None:
        """Go on under a new id; the jobs of the former one, whose lock was lost, end with ClaimLost."""
        self._claims.worker = id

    def _start_threads(self) -> list[Thread]:
        names = [f"job-{number}" for number in range(self._concurrent_jobs)]
        threads = [Thread(target=self._work, name=name, daemon=True) for name in names]
        threads.append(Thread(target=self._requeue_stalled, name="take-over", daemon=True))
        threads.append(Thread(target=self._scheduler.run, name="batches", daemon=True))
        for thread in threads:
            thread.start()
        return threads

    def _stop(self, threads: list[Thread]) -> None:
        self._stopping.set()
        self._taken_over.set()
        self._scheduler.stop()
        self._inference.stop()
        self._queue.announce()
        deadline = time.monotonic() + FAREWELL_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        event(_log, logging.INFO, "worker_stopped", worker=self.id)

    def _work(self) -> None:
        self._taken_over.wait()  # jobs of dead workers come before waiting ones
        while not self._stopping.is_set():
            try:
                self._do_next()
            except Stopped:
                return
            except Exception:  # noqa: BLE001 - a bug must not end the thread
                event(_log, logging.ERROR, "worker_stumbled", exc_info=True, worker=self.id)
                self._stopping.wait(LOOK_SECONDS)

    def _do_next(self) -> None:
        with self._bench.place() as place:
            job = self._transcriber.persist(lambda: self._claims.claim(naming_models=place.is_mine))
            if job is None or not job.options.model:
                place.release()
            if job is None:
                self._queue.wait_for_arrival(LOOK_SECONDS)
            else:
                self._begin(job)

    def _begin(self, job: Transcription) -> None:
        with bound(job=job.id):
            event(_log, logging.INFO, "job_started", attempt=job.attempts, worker=self.id)
            if job.attempts == 1:
                metrics.job_wait.observe((datetime.now(UTC) - job.created_at).total_seconds())
            try:
                self._do(job)
            except ClaimLost:
                event(_log, logging.WARNING, "job_lost", worker=self.id)
            self._files.keep_log(job.id)

    def _do(self, job: Transcription) -> None:
        try:
            self._transcriber.run(job)
        except ClaimLost:
            raise
        except (Cancelled, Stopped):
            self._leave(job)
        except Exception as error:  # noqa: BLE001 - any error fails this job only
            problem = (error if isinstance(error, AppError) else AppError()).problem
            event(_log, logging.ERROR, "job_failed", exc_info=True, error=problem.code)
            self._transcriber.persist(lambda: self._claims.fail(job.id, problem))
            metrics.jobs_ended.labels(JobState.FAILED.value).inc()

    def _leave(self, job: Transcription) -> None:
        """Release an unfinished job because it was cancelled or this worker is stopping."""
        is_over = self._transcriber.persist(lambda: self._claims.release(job.id))
        event(_log, logging.INFO, "job_cancelled" if is_over else "job_given_back", worker=self.id)
        if is_over:
            metrics.jobs_ended.labels(JobState.CANCELLED.value).inc()

    def _requeue_stalled(self) -> None:
        """Take over from dead workers, now and periodically; clean up once."""
        with suppress(Stopped):
            self._clear_up(self._claims.requeue_stalled)
            self._taken_over.set()
            self._clear_up(self._claims.sweep)
            while not self._stopping.wait(TAKE_OVER_SECONDS):
                self._clear_up(self._claims.requeue_stalled)

    def _clear_up(self, step: Callable[[], None]) -> None:
        try:
            self._transcriber.persist(step)
        except OSError:  # a file that cannot be removed, for example another user's
            event(_log, logging.ERROR, "worker_stumbled", exc_info=True, worker=self.id)
