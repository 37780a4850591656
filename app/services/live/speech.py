"""Speech on one channel of a session: audio in; voice events, partial texts and finished segments out.

While somebody speaks, the open segment is recognised repeatedly, each time after the previous result. When a silence
makes the end likely, the segment is recognised as it would be stored; if the silence lasts, that text becomes the
final one without further delay. All of it runs in the session's own thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count

import numpy as np

from app import metrics
from app.domain.errors.base import AppError
from app.domain.errors.inference import InferenceUnavailable
from app.domain.errors.live import LiveTextWaits
from app.domain.errors.transcriptions import RecognitionElsewhere
from app.domain.options import TranscriptionOptions
from app.domain.speech import SpeechSpan
from app.domain.transcription import SegmentRecord
from app.engine import Utterance, Waveform
from app.engine.vad.speech_stream import Closed, Opened, Paused, SpeechStream
from app.logging import event
from app.services.inference.segment_queue import Recognised, SegmentQueue, SegmentRequest
from app.services.live.channels import SegmentNumbers
from app.services.live.events import (
    ErrorEvent,
    Final,
    LiveEvent,
    Partial,
    VoiceStarted,
    VoiceStopped,
)
from app.services.live.partials import PartialText
from app.services.live.requests import PendingSegment, RecentSound, SessionQueues, answer_of
from app.services.live.segment_store import Planned
from app.services.live.segment_writer import SegmentWriter

PARTIAL_QUALITY = "balanced"
PARTIAL_SECONDS = 0.3  # minimum between two partials of an open segment
LONGEST_PARTIAL_SECONDS = 2.0
PARTIAL_SHARE = 3.0  # a slow result delays the next partial by this multiple
NEWS_SECONDS = 0.1  # of new audio needed for another partial
REST_SECONDS = 1.0  # without audio, after which nobody is taken to be speaking
RETRY_SECONDS = 5.0  # before a failed segment is retried

_log = logging.getLogger(__name__)


class Speech:
    """One channel of a session from its start, or from where it resumes."""

    def __init__(
        self,
        options: TranscriptionOptions,
        keeper: SegmentWriter,
        tell: Callable[[LiveEvent], None],
        queues: SessionQueues | None,
        segment_numbers: SegmentNumbers,
        *,
        channel: int | None = None,
        start: float = 0.0,
    ) -> None:
        self._options = self._wanted = options
        self._keeper = keeper
        self._emit = tell
        self._queues = queues
        self._channel = channel
        self._segment_numbers = segment_numbers
        self._segment: int | None = None  # the number of the open one
        self._stream = SpeechStream(options.vad, start)
        self._sound = RecentSound(start)
        self._numbers = count()
        self._arrived = time.monotonic()
        self._text = PartialText()
        self._partial: PendingSegment | None = None  # under way
        self._early: PendingSegment | None = None  # of a segment that has probably ended
        self._finals: dict[int, PendingSegment] = {}  # under way
        self._unread: list[PendingSegment] = []  # waiting for recognition to become available again
        self._retry_at = 0.0
        self._read_to = 0.0
        self._next_partial_at = 0.0
        self._is_speaking = False
        self._is_waiting = False  # and the client was told

    @property
    def is_settled(self) -> bool:
        """Return whether nothing pending will be stored."""
        return not self._finals

    # Sound

    def feed(self, sound: bytes, arrived: float) -> None:
        """Take the audio that follows what was fed before."""
        self._arrived = arrived
        self._sound.append(sound)
        self._follow(np.frombuffer(sound, dtype="<i2"))
        self._sound.forget(self._stream.needed_from)
        self._set_speaking(is_speaking=self._stream.open_from is not None)
        self._read_on()

    def tick(self) -> None:
        """Handle missing audio: recordings no longer need to wait for this session."""
        if time.monotonic() - self._arrived > REST_SECONDS:
            self._set_speaking(is_speaking=False)
        self.retry()
        self._read_on()

    def take_up(self, segments: Iterable[SegmentRecord]) -> None:
        """Recognise segments that a previous server process had found but not recognised."""
        for segment in segments:
            span = SpeechSpan(segment.start, segment.end)
            planned = Planned(segment.index, span, span.start, self._channel)
            self._unread.append(PendingSegment(next(self._numbers), span, self._options, time.monotonic(), planned))

    def change(self, options: TranscriptionOptions) -> None:
        """Apply `options` from the next segment on."""
        self._wanted = options
        self._stream.change(options.vad)

    def finish(self) -> None:
        """End the audio; the open segment is complete."""
        for heard in self._stream.finish():
            self._handle(heard)
        self._set_speaking(is_speaking=False)

    def commit(self) -> bool:
        """End the open segment at the client's request; return whether there was one."""
        news = list(self._stream.cut())
        for heard in news:
            self._handle(heard)
        self._set_speaking(is_speaking=False)
        return any(isinstance(heard, Closed) for heard in news)

    def discard(self) -> None:
        """Drop the open segment: its audio is kept, but not recognised."""
        self._stream.discard()
        self._drop_partial()
        self._give_up_early()
        self._set_speaking(is_speaking=False)
        if self._segment is not None:
            self._segment_numbers.give_back(self._segment)
            self._segment = None

    @property
    def heard_to(self) -> float:
        """Up to where speech was looked for, in seconds."""
        return self._stream.heard_to

    def _follow(self, samples: np.ndarray) -> None:
        for heard in self._stream.push(samples):
            self._handle(heard)
        if self._early and not self._stream.is_pausing:
            self._give_up_early()

    def _handle(self, heard: Opened | Paused | Closed) -> None:
        if isinstance(heard, Opened):
            self._open(heard.start)
        elif isinstance(heard, Paused):
            self._read_early(heard.span)
        else:
            self._close(heard.span)

    def _open(self, start: float) -> None:
        self._options = self._wanted
        self._text = PartialText()
        self._read_to, self._next_partial_at = start, 0.0
        if self._segment is None:
            self._segment = self._segment_numbers.take()
        self._emit(VoiceStarted(start, self._channel))

    def _set_speaking(self, *, is_speaking: bool) -> None:
        if self._queues and is_speaking != self._is_speaking:
            self._is_speaking = is_speaking
            for queue in (self._queues.partials, self._queues.finals):
                queue.set_speaking(is_speaking=is_speaking)

    def _close(self, span: SpeechSpan) -> None:
        """Store a complete segment and recognise it, unless that was done during the pause."""
        self._emit(VoiceStopped(span.start, span.end, self._channel))
        assert self._segment is not None  # noqa: S101 - every segment has opened before
        planned = Planned(self._segment, span, self._segment_numbers.cover(span.end), self._channel)
        self._segment = None
        early, self._early = self._early, None
        self._drop_partial()
        if early and early.span == span:
            early.planned, early.since = planned, time.monotonic()
            self._settle_early(early)
            return
        reading = PendingSegment(next(self._numbers), span, self._options, time.monotonic(), planned)
        if self._queues:
            self._ask_final(reading, self._sound.waveform(span))
        else:
            self._emit_waiting(RecognitionElsewhere())
        self._keeper.plan(planned)

    def _settle_early(self, early: PendingSegment) -> None:
        if early.answer:
            self._finish(early, early.answer, is_new=True)
            return
        assert early.planned  # noqa: S101 - set on the line above
        self._finals[early.number] = early
        self._keeper.plan(early.planned)

    # Requests

    def _read_on(self) -> None:
        """Recognise the open segment again if there is new audio and the previous result has arrived."""
        start, end = self._stream.open_from, self._stream.heard_to
        if start is None or not self._queues or self._partial or self._early:
            return
        if time.monotonic() < self._next_partial_at or end < self._read_to + NEWS_SECONDS:
            return
        span = SpeechSpan(max(start, self._text.read_from), end)
        options = replace(self._options, quality=PARTIAL_QUALITY)
        self._partial = PendingSegment(next(self._numbers), span, options, self._arrived)
        self._read_to = end
        self._ask(self._queues.partials, self._partial, self._sound.waveform(span))

    def _read_early(self, span: SpeechSpan) -> None:
        if not self._queues:
            return
        self._drop_partial()
        self._early = PendingSegment(next(self._numbers), span, self._options, self._arrived)
        self._ask(self._queues.finals, self._early, self._sound.waveform(span))

    def _ask_final(self, reading: PendingSegment, waveform: Waveform) -> None:
        assert self._queues  # noqa: S101 - the caller has checked
        self._finals[reading.number] = reading
        self._ask(self._queues.finals, reading, waveform)

    def _ask(self, queue: SegmentQueue, reading: PendingSegment, waveform: Waveform) -> None:
        reading.asked_at = time.monotonic()
        queue.submit(reading.number, Utterance(waveform, reading.options.recognition))

    def _drop_partial(self) -> None:
        """Cancel a partial that has not started; the result of one that has is ignored."""
        if self._queues and self._partial:
            self._queues.partials.cancel(self._partial.number)
        self._partial = None

    def _give_up_early(self) -> None:
        """Speech continues: treat the early result as an ordinary partial."""
        if self._queues and self._early and not self._early.answer:
            self._queues.finals.cancel(self._early.number)
        self._early = None

    # Results

    def take_answers(self) -> None:
        """Process the results that have arrived since the last call."""
        if not self._queues:
            return
        while request := self._queues.partials.next_result(0):
            self._take_partial(request)
        while request := self._queues.finals.next_result(0):
            self._take_final(request)
        self._read_on()

    def retry(self) -> None:
        """Retry failed segments when it is time."""
        if self._unread and self._queues and time.monotonic() >= self._retry_at:
            unread, self._unread = self._unread, []
            for reading in unread:
                self._ask_final(reading, self._keeper.read(reading.span, self._channel))

    def _take_partial(self, request: SegmentRequest) -> None:
        reading = self._partial
        if reading is None or reading.number != request.index:
            return
        self._partial = None
        took = time.monotonic() - reading.asked_at
        pause = min(max(PARTIAL_SECONDS, PARTIAL_SHARE * took), LONGEST_PARTIAL_SECONDS)
        self._next_partial_at = reading.asked_at + pause
        if answer := answer_of(request):
            self._emit_partial(reading, answer)

    def _take_final(self, request: SegmentRequest) -> None:
        if self._early and self._early.number == request.index:
            self._early.answer = answer_of(request)
            if self._early.answer:
                self._emit_partial(self._early, self._early.answer)
            else:
                self._early = None
        elif reading := self._finals.pop(request.index, None):
            self._settle(reading, request)

    def _emit_partial(self, reading: PendingSegment, answer: Recognised) -> None:
        span = reading.span
        grown = self._text.update(answer.hypothesis, span.start, span.end)
        start = self._stream.open_from
        if grown is None or start is None or self._segment is None:
            return
        text, stable = grown
        latency_ms = (time.monotonic() - reading.since) * 1000
        self._emit(Partial(self._segment, start, span.end, text, stable, latency_ms, self._channel))

    def _settle(self, reading: PendingSegment, request: SegmentRequest) -> None:
        """Store the text of a segment, or why it has none."""
        assert reading.planned  # noqa: S101 - finals are of complete segments
        try:
            answer = request.recognised()
        except InferenceUnavailable as error:
            self._wait_with(reading, error)
        except AppError as error:
            event(_log, logging.ERROR, "segment_failed", exc_info=True, index=reading.planned.index)
            self._emit_final(reading, self._keeper.fail(reading.planned, error))
        else:
            self._finish(reading, answer, is_new=False)

    def _wait_with(self, reading: PendingSegment, error: InferenceUnavailable) -> None:
        self._emit_waiting(error)
        self._unread.append(reading)
        self._retry_at = time.monotonic() + RETRY_SECONDS

    def _emit_waiting(self, error: AppError) -> None:
        """Tell the client, once, that there is no text for now."""
        if not self._is_waiting:
            self._is_waiting = True
            self._emit(ErrorEvent(LiveTextWaits(reason=error.problem.to_dict()).problem))

    def _finish(self, reading: PendingSegment, answer: Recognised, *, is_new: bool) -> None:
        assert reading.planned  # noqa: S101 - finals are of complete segments
        self._is_waiting = False
        seconds = time.monotonic() - reading.asked_at
        self._emit_final(reading, self._keeper.finish(reading.planned, answer, seconds, is_new=is_new))

    def _emit_final(self, reading: PendingSegment, segment: SegmentRecord) -> None:
        latency = time.monotonic() - reading.since
        event(_log, logging.INFO, "segment_finished", index=segment.index, seconds=round(latency, 3))
        metrics.live_latency.observe(latency)
        self._emit(Final(segment, latency * 1000))
