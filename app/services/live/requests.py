"""Requests of one session to the inference process, and their audio."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from app.domain.errors.base import AppError
from app.domain.options import TranscriptionOptions
from app.domain.speech import SpeechSpan
from app.engine import SAMPLE_RATE, Waveform
from app.engine.audio.samples import BYTES_PER_SAMPLE, FULL_SCALE
from app.logging import event
from app.services.inference.segment_queue import Recognised, SegmentQueue, SegmentRequest
from app.services.live.segment_store import Planned

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionQueues:
    """The two queues of one session in the inference process."""

    partials: SegmentQueue
    finals: SegmentQueue


@dataclass(slots=True)
class PendingSegment:
    """A request to the inference process, and its result."""

    number: int
    span: SpeechSpan
    options: TranscriptionOptions
    since: float
    """When its last audio arrived; for a final, when its end was known."""
    planned: Planned | None = None
    """None while the segment is still open."""
    answer: Recognised | None = None
    asked_at: float = 0.0


class RecentSound:
    """The audio that future segments may need; times are seconds of the session."""

    def __init__(self, start: float) -> None:
        self._samples = bytearray()
        self._first = round(start * SAMPLE_RATE)

    def append(self, sound: bytes) -> None:
        self._samples += sound

    def waveform(self, span: SpeechSpan) -> Waveform:
        first, end = (round(seconds * SAMPLE_RATE) - self._first for seconds in (span.start, span.end))
        wanted = self._samples[max(0, first) * BYTES_PER_SAMPLE : max(0, end) * BYTES_PER_SAMPLE]
        return waveform_of(bytes(wanted))

    def forget(self, before: float) -> None:
        needed = round(before * SAMPLE_RATE)
        if needed > self._first:
            del self._samples[: (needed - self._first) * BYTES_PER_SAMPLE]
            self._first = needed


def waveform_of(sound: bytes) -> Waveform:
    """Convert int16 samples to the engine's waveform."""
    return np.frombuffer(sound, dtype="<i2").astype(np.float32) / np.float32(FULL_SCALE)


def answer_of(request: SegmentRequest) -> Recognised | None:
    """Return the result, or None on error: the request is repeated anyway and reports the error then."""
    try:
        return request.recognised()
    except AppError as error:
        event(_log, logging.WARNING, "live_reading_failed", index=request.index, reason=error)
        return None
