"""Stores the finished segments of one session, waiting for the disk where necessary."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from app.domain.errors.base import AppError
from app.domain.speech import SpeechSpan
from app.domain.transcription import SegmentRecord
from app.engine import SAMPLE_RATE, Waveform
from app.logging import event
from app.services.inference.segment_queue import Recognised
from app.services.live.channels import split_channels
from app.services.live.intake import Intake
from app.services.live.requests import waveform_of
from app.services.live.segment_store import Planned
from app.services.live.session_files import SessionFiles
from app.services.live.session_store import LiveSessionStore
from app.services.retry import until_stored
from app.store.files.live_wav import read_samples

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class SegmentWriter:
    """Stores the segments of a session, each after its audio."""

    def __init__(
        self,
        session_store: LiveSessionStore,
        place: SessionFiles,
        intake: Intake,
        write: Callable[[], None],
        complain: Callable[[AppError], None],
        leaving: Event,
    ) -> None:
        self._session_store = session_store
        self._place = place
        self._intake = intake
        self._write = write
        self._complain = complain
        self._leaving = leaving

    def plan(self, planned: Planned) -> None:
        self._store_sound(planned)
        self.persist(lambda: self._session_store.segments.plan(self._place, planned))

    def finish(self, planned: Planned, recognised: Recognised, seconds: float, *, is_new: bool) -> SegmentRecord:
        self._store_sound(planned)
        return self.persist(
            lambda: self._session_store.segments.finish(self._place, planned, recognised, seconds, is_new=is_new)
        )

    def fail(self, planned: Planned, error: AppError) -> SegmentRecord:
        return self.persist(lambda: self._session_store.segments.fail(self._place, planned, error.problem))

    def read(self, span: SpeechSpan, channel: int | None) -> Waveform:
        """Return audio that was stored before."""
        wav, first = self._place.wav, round(span.start * SAMPLE_RATE)
        sound = read_samples(wav.path, first, round(span.end * SAMPLE_RATE) - first, wav.channels)
        return waveform_of(split_channels(sound, wav.channels)[(channel or 1) - 1])

    def persist(self, step: Callable[[], _T]) -> _T:
        """Run a storage step, retrying while the disk is full or the database locked.

        Raises:
            Stopped: the server is stopping.
        """
        return until_stored(step, self._leaving, self._wait)

    def _wait(self, error: AppError, seconds: float) -> None:
        event(_log, logging.WARNING, "live_waits", seconds=seconds, reason=error)
        self._complain(error)

    def _store_sound(self, planned: Planned) -> None:
        if self._intake.stored.seconds < planned.span.end:
            self.persist(self._write)
