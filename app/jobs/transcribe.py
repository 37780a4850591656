"""The steps of one job: read the recording, then recognise segment by segment, each remembered at once.

Every step can be repeated: what is stored is not done again, so a job goes on wherever its last worker stopped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from app.engine import Utterance
from app.engine.audio import DecodeLimits, read_waveform
from app.engine.preparation import Cancelled, prepare
from app.errors import (
    AppError,
    DatabaseUnusable,
    DiskFull,
    InferenceCrashed,
    InferenceHung,
    InferenceUnavailable,
)
from app.jobs.claims import Claims, Maker
from app.jobs.inference import InferenceProcess, Recognition, Stopped
from app.jobs.transcription import SegmentRecord, Transcription
from app.logging import event
from app.store.files import Files

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
TRIES_OF_A_SEGMENT = 2  # the process may have died by chance; twice of the same segment is no chance

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Transcriber:
    """Does claimed jobs; several threads may use one."""

    claims: Claims
    files: Files
    inference: InferenceProcess
    limits: DecodeLimits
    segment_timeout_seconds: float
    stopping: Event

    def run(self, job: Transcription) -> None:
        """Do what is left of a job and end it.

        Raises:
            Cancelled: a person wants the job to end.
            Stopped: the worker stops.
            ClaimLost: the job belongs to another worker.
            AppError: the job cannot go on.
        """
        self._prepare(job)
        self.remember(lambda: self.claims.begin_recognition(job.id))
        for segment in self.claims.pending(job.id):
            if self._is_unwanted(job.id):
                raise Cancelled
            self._do_segment(job, segment)
        problem = self.remember(lambda: self.claims.finish(job.id))
        name, code = ("job_failed", problem.code) if problem else ("job_succeeded", "-")
        event(_log, logging.ERROR if problem else logging.INFO, name, error=code)

    def remember(self, step: Callable[[], _T]) -> _T:
        """Do a step of the database. Where that is locked or the disk is full, wait until it works again.

        Raises:
            Stopped: the worker stops meanwhile; the next one takes the job over.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return step()
            except (DatabaseUnusable, DiskFull) as error:
                event(_log, logging.WARNING, "database_waits", seconds=pause, reason=error)
            if self.stopping.wait(pause):
                raise Stopped
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _prepare(self, job: Transcription) -> None:
        """Make the samples and the plan of segments, unless both are there."""
        audio = self.files.audio(job.id)
        if job.duration is not None and audio.exists():
            return
        started = time.monotonic()
        prepared = prepare(
            self.claims.source(job.id),
            audio,
            self.files.peaks(job.id),
            job.options.vad,
            self.limits,
            lambda: self._is_unwanted(job.id),
        )
        self.remember(lambda: self.claims.store_plan(job.id, prepared))
        event(
            _log,
            logging.INFO,
            "job_prepared",
            duration=round(prepared.facts.duration, 3),
            segments=len(prepared.spans),
            seconds=round(time.monotonic() - started, 2),
        )

    def _is_unwanted(self, id: str) -> bool:
        return self.stopping.is_set() or self.remember(lambda: self.claims.is_cancelled(id))

    def _do_segment(self, job: Transcription, segment: SegmentRecord) -> None:
        started = time.monotonic()
        try:
            result = self._recognise(job, segment)
        except InferenceUnavailable:
            raise
        except AppError as error:
            self._give_up(job, segment, error, time.monotonic() - started)
        else:
            self._keep(job, segment, result, time.monotonic() - started)

    def _recognise(self, job: Transcription, segment: SegmentRecord) -> Recognition:
        waveform = read_waveform(self.files.audio(job.id), segment.start, segment.end)
        utterance = Utterance(waveform, job.options.recognition)
        for tries_left in reversed(range(TRIES_OF_A_SEGMENT)):
            try:
                return self.inference.transcribe([utterance], self.segment_timeout_seconds)
            except (InferenceCrashed, InferenceHung) as death:
                if not tries_left:
                    raise
                event(_log, logging.WARNING, "segment_tried_again", index=segment.index, reason=death)
        raise AssertionError

    def _keep(self, job: Transcription, segment: SegmentRecord, result: Recognition, seconds: float) -> None:
        [hypothesis], [receipt] = result.hypotheses, result.receipts
        maker = Maker(result.info.model, result.info.device, receipt)
        self.remember(lambda: self.claims.finish_segment(job.id, segment.index, hypothesis, maker, seconds))
        event(_log, logging.INFO, "segment_finished", index=segment.index, seconds=round(seconds, 3))

    def _give_up(self, job: Transcription, segment: SegmentRecord, error: AppError, seconds: float) -> None:
        event(_log, logging.ERROR, "segment_failed", exc_info=True, index=segment.index)
        self.remember(lambda: self.claims.fail_segment(job.id, segment.index, error.problem, seconds))
