"""The steps of one job: decode the recording, then recognise segment by segment, storing each immediately.

Every step is idempotent: what is stored is not done again, so a job continues wherever its last worker stopped.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import TypeVar

from app import metrics
from app.domain.errors.base import AppError, Problem
from app.domain.errors.inference import InferenceUnavailable
from app.domain.options import OFF
from app.domain.replacements import REWRITING
from app.domain.speakers import SpeakerTurn
from app.domain.speech import joined
from app.domain.states import JobState
from app.domain.transcription import SegmentRecord, Transcription
from app.engine import Utterance
from app.engine.audio.decoding import read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.samples import channel_file
from app.engine.preparation.preparation import Cancelled, Prepared, Preparer, prepare
from app.logging import event
from app.services.inference.dedicated import DedicatedEngines
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.segment_queue import Recognised, SegmentQueue, SegmentRequest
from app.services.retry import until_read, until_stored
from app.services.speakers.labelling import SpeakerLabeller
from app.services.transcriptions.job_store import JobStore
from app.services.transcriptions.sound_events import with_sound_events
from app.store.files.recordings import Files

LOOK_SECONDS = 0.5  # between checks for cancellation while segments are computed

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Transcriber:
    """Runs claimed jobs; may be shared by threads."""

    claims: JobStore
    files: Files
    scheduler: InferenceScheduler
    bench: DedicatedEngines
    limits: DecodeLimits
    stopping: Event
    labeller: SpeakerLabeller
    pool: Preparer | None = None
    """Decodes recordings; without a pool, each gets a new process."""

    def run(self, job: Transcription) -> None:
        """Do the remaining work of a job and end it.

        Raises:
            Cancelled: a person cancelled the job.
            Stopped: the worker is stopping.
            ClaimLost: the job belongs to another worker.
            AppError: the job cannot continue.
        """
        with self.files.at_work(job.id):
            self._work(job)
        problem = self.persist(lambda: self.claims.finish(job.id))
        name, code = ("job_failed", problem.code) if problem else ("job_succeeded", "-")
        event(_log, logging.ERROR if problem else logging.INFO, name, error=code)
        metrics.jobs_ended.labels((JobState.FAILED if problem else JobState.SUCCEEDED).value).inc()

    def _work(self, job: Transcription) -> None:
        self._prepare(job)
        if self.claims.pending(job.id):
            with self._scheduler_for(job) as scheduler:
                self.persist(lambda: self.claims.begin_recognition(job.id))
                self._recognise(job, scheduler)
        self._label(job)

    def persist(self, step: Callable[[], _T]) -> _T:
        """Run a database step, retrying while the database is locked or the disk full.

        Raises:
            Stopped: the worker is stopping; the next one takes over the job.
        """
        return until_stored(step, self.stopping)

    def _prepare(self, job: Transcription) -> None:
        """Create the samples and the segment plan, unless both exist."""
        if job.duration is not None and self.files.has_audio(job.id):
            return
        started = time.monotonic()
        prepared = until_read(lambda: self._prepared(job), self.stopping)
        self.persist(lambda: self.files.keep_drawn(job.id))
        self.persist(lambda: self.claims.store_plan(job.id, prepared))
        event(
            _log,
            logging.INFO,
            "job_prepared",
            duration=round(prepared.facts.duration, 3),
            segments=len(prepared.spans),
            seconds=round(time.monotonic() - started, 2),
        )

    def _prepared(self, job: Transcription) -> Prepared:
        audio = self.files.audio(job.id)
        prepared = prepare(
            self.claims.source(job.id),
            audio,
            self.files.peaks(job.id),
            job.options.vad,
            self.limits,
            lambda: self._is_unwanted(job.id),
            channels=job.options.channels,
            track=job.options.track,
            pool=self.pool,
        )
        prepared = with_sound_events(
            prepared,
            audio,
            self.limits,
            lambda: self._is_unwanted(job.id),
            stopping=self.stopping,
            pool=self.pool,
        )
        if prepared.events is not None:
            self.files.add_events(job.id, joined(itertools.chain.from_iterable(prepared.events)))
        return prepared

    def _is_unwanted(self, id: str) -> bool:
        return self.stopping.is_set() or self.persist(lambda: self.claims.is_cancelled(id))

    @contextmanager
    def _scheduler_for(self, job: Transcription) -> Iterator[InferenceScheduler]:
        """Yield the scheduler of the active model, or of the one the job names, whose memory is measured."""
        if not job.options.model:
            yield self.scheduler
            return
        note_wait = self._wait_note(job.id)
        with self.bench.engine(job.options.model, lambda: self._is_unwanted(job.id), note_wait) as engine:
            note_wait(None)
            yield engine.scheduler
            if peak_bytes := engine.peak_bytes():
                self.persist(lambda: self.claims.note_memory(job.id, peak_bytes))

    def _recognise(self, job: Transcription, scheduler: InferenceScheduler) -> None:
        """Send pending segments to the inference process, a few ahead, and store each text immediately."""
        pending = deque(self.claims.pending(job.id))
        began, note_wait = time.monotonic(), self._wait_note(job.id)
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
                note_wait(None if request else scheduler.waits_for)

    def _wait_note(self, id: str) -> Callable[[Problem | None], None]:
        """Return what stores why a job does not go on, whenever that changes."""
        noted: Problem | None = None

        def note(problem: Problem | None) -> None:
            nonlocal noted
            if problem != noted:
                self.persist(lambda: self.claims.note_wait(id, problem))
                noted = problem

        return note

    def _label(self, job: Transcription) -> None:
        """Tell who spoke when, if that was asked for. After a crash the whole step is repeated: it is short."""
        if job.options.speakers == OFF:
            return
        self.persist(lambda: self.claims.begin_speakers(job.id))
        segments, audio = self.claims.recognised(job.id), self.files.audio(job.id)
        duration = self.persist(lambda: self.claims.duration(job.id))
        labels = self.labeller.label(
            job.options.speakers, segments, duration, audio, lambda: self._raise_if_unwanted(job.id)
        )
        self.persist(lambda: self.claims.store_speakers(job.id, labels))
        if labels.turns and self.labeller.knows_voices:
            self._propose(job, labels.turns, audio)

    def _propose(self, job: Transcription, turns: Sequence[SpeakerTurn], audio: Path) -> None:
        """Look for voices that the owner knows. Whoever is nobody's acquaintance is not heard any further."""
        known = self.persist(lambda: self.claims.known_voices(job.id))
        if not known:
            return
        read = partial(read_waveform, channel_file(audio, None))
        try:
            found = self.labeller.hearing.proposals(turns, read, known, lambda: self._raise_if_unwanted(job.id))
        except AppError:
            event(_log, logging.ERROR, "voices_failed", exc_info=True)
            return
        self.persist(lambda: self.claims.store_proposals(job.id, found))
        event(_log, logging.INFO, "voices_compared", count=len(found))

    def _raise_if_unwanted(self, id: str) -> None:
        if self._is_unwanted(id):
            raise Cancelled

    def _submit(self, job: Transcription, queue: SegmentQueue, segment: SegmentRecord) -> None:
        mix = self.files.audio(job.id)
        audio = channel_file(mix, segment.channel)
        if not audio.exists():  # of a live session whose channels turned out to hold the same sound
            audio = mix
        waveform = read_waveform(audio, segment.start, segment.end)
        queue.submit(segment.index, Utterance(waveform, job.options.recognition))

    def _cancel_waiting(self, job: Transcription, queue: SegmentQueue) -> None:
        """Cancel what has not started; the rest is awaited and stored, unless the worker is stopping."""
        event(_log, logging.INFO, "segments_withdrawn", count=queue.cancel_waiting())
        while not (queue.is_empty or self.stopping.is_set()):
            if request := queue.next_result(LOOK_SECONDS):
                self._settle(job, request, 0.0)
            queue.cancel_waiting()  # also drops requeued segments

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
            metrics.segments.labels("failed").inc()
        else:
            self._keep(job, request.index, recognised, seconds)

    def _keep(self, job: Transcription, index: int, recognised: Recognised, seconds: float) -> None:
        self.persist(lambda: self.claims.finish_segment(job.id, index, recognised, seconds))
        metrics.segments.labels("withheld" if recognised.hypothesis.dropped else "read").inc()
        event(_log, logging.INFO, "segment_finished", index=index, seconds=round(seconds, 3))
        for line in (each for each in recognised.hypothesis.applied if each.name not in REWRITING):
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
