"""One live session: takes audio and commands from its connection and does everything else in its own thread.

The session outlives its connections. Whatever happens to them, acknowledged audio is on disk, and the same client
can reconnect and continue.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread

from app.domain.errors.base import AppError
from app.domain.errors.live import LiveGap, LiveNotStored, LiveSessionOver, LiveTakenOver, LiveTooLong
from app.domain.options import TranscriptionOptions
from app.domain.states import LiveState
from app.engine import SAMPLE_RATE
from app.logging import bound, event
from app.services.inference.process import Stopped
from app.services.inference.segment_queue import FINAL, PARTIAL
from app.services.live.channels import Channels
from app.services.live.events import (
    Acknowledged,
    Ended,
    ErrorEvent,
    Final,
    Listener,
    LiveEvent,
    SettingsApplied,
    Started,
)
from app.services.live.intake import Intake, Stored
from app.services.live.requests import SessionQueues
from app.services.live.segment_writer import SegmentWriter
from app.services.live.session_context import SessionContext
from app.services.live.session_files import SessionFiles
from app.services.live.speech_channels import SpeechChannels
from app.store.files.live_wav import BYTES_PER_SAMPLE

CATCH_UP_SECONDS = 20.0  # of audio that may be queued before a client that catches up is slowed down
LOOK_SECONDS = 0.5  # between ticks when idle

_log = logging.getLogger(__name__)


class Session:
    """Every method may be called from any thread and does not wait for recognition."""

    def __init__(
        self, place: SessionFiles, options: TranscriptionOptions, next_chunk: int, around: SessionContext[Session]
    ) -> None:
        self.place = place
        self.intake = Intake(place.wav, next_chunk)
        self._options = options
        self._around = around
        self._noted = self._begun = self.intake.stored
        self._listener: Listener | None = None
        self._lost_at = time.monotonic()
        self._telling = Lock()
        self._steps: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._pending_options: TranscriptionOptions | None = None  # not applied yet; a newer change replaces it
        self._guard = Lock()
        self._unheard = 0  # bytes queued for speech detection
        self._is_ending = False
        self._end_state: LiveState | None = None
        self._leaving = Event()
        self._keeper = SegmentWriter(
            around.session_store,
            place,
            self.intake,
            lambda: around.write(self),
            lambda error: self.complain(LiveNotStored(reason=error.problem.to_dict())),
            self._leaving,
        )
        self._labels = around.labels(place, options, lambda span: self._keeper.read(span, None), self._emit)

    # The connection

    def attach(self, listener: Listener, token: str = "") -> None:
        """Send `listener` the current state and all further events; a previous connection is closed."""
        with self._telling:
            former, self._listener = self._listener, listener
            if former:
                former(ErrorEvent(LiveTakenOver().problem, is_fatal=True))
            listener(self._started(token))
            if self._labels and self._labels.problem:
                listener(self._labels.problem)

    def _started(self, token: str) -> Started:
        return Started(
            session=self.place.id,
            token=token,
            transcription=self.place.transcription,
            next_chunk=self._noted.next_chunk,
            options=self._options,
            model=self._around.model(),
            segments=tuple(self._around.session_store.segments.all_of(self.place.transcription)),
            channels=self.channels,
            speakers=self._labels.so_far if self._labels else {},
        )

    @property
    def channels(self) -> Channels:
        return self.place.channels

    def detach(self, listener: Listener) -> None:
        with self._telling:
            if self._listener == listener:
                self._listener, self._lost_at = None, time.monotonic()

    @property
    def is_connected(self) -> bool:
        return self._listener is not None

    @property
    def seconds_alone(self) -> float:
        """How long no client has been connected."""
        return 0.0 if self.is_connected else time.monotonic() - self._lost_at

    def accept(self, number: int, sound: bytes) -> None:
        """Accept a chunk of audio. A repeated one is acknowledged again; one that leaves a gap gets an error."""
        if self._is_ending:
            return
        try:
            is_new = self.intake.accept(number, sound)
        except LiveGap as gap:
            self._emit(ErrorEvent(gap.problem))
            self.acknowledge()
            return
        if not is_new:
            self.acknowledge()
            return
        with self._guard:
            self._unheard += len(sound)
        self._steps.put(partial(self._feed, sound, time.monotonic()))
        if self.intake.seconds > self._around.most_seconds:
            self._emit(ErrorEvent(LiveTooLong(limit_hours=round(self._around.most_seconds / 3600, 2)).problem))
            self.end(LiveState.ENDED)

    def change(self, options: TranscriptionOptions) -> None:
        """Apply other options from the next segment on; of several changes in a row the last one counts."""
        with self._guard:
            is_queued, self._pending_options = self._pending_options is not None, options
        if not is_queued:
            self._steps.put(self._change)

    @property
    def options(self) -> TranscriptionOptions:
        """The options in effect, or those of the next segment."""
        return self._pending_options or self._options

    @property
    def is_ending(self) -> bool:
        return self._is_ending

    @property
    def is_behind(self) -> bool:
        """Audio arrives faster than it is stored and processed: the sender should wait."""
        bytes_per_second = BYTES_PER_SAMPLE * SAMPLE_RATE * self.channels.count
        return max(self.intake.waiting_seconds, self._unheard / bytes_per_second) > CATCH_UP_SECONDS

    def commit(self) -> None:
        """End the open segment after all accepted audio."""
        self._steps.put(self._commit)

    def clear(self) -> None:
        """Drop the open segment; its audio stays in the recording."""
        self._steps.put(self._clear)

    def stop(self, chunks: int) -> None:
        """End the session after its last chunk; if one is missing, report that and continue."""
        if chunks > self.intake.expected:
            self._emit(ErrorEvent(LiveGap(expected=self.intake.expected, number=chunks).problem))
            self.acknowledge()
        else:
            self.end(LiveState.ENDED)

    # The server

    def start(self) -> None:
        Thread(target=self._run, name=f"live-{self.place.id}", daemon=True).start()

    def end(self, state: LiveState) -> None:
        """Recognise what is left, then end; a cancelled session skips it."""
        if not self._is_ending or state is LiveState.CANCELLED:
            self._is_ending = True
            self._steps.put(partial(self._end, state))

    def suspend(self) -> None:
        """End the thread because the server is stopping; the session can be resumed later."""
        self._is_ending = True
        self._leaving.set()
        self._steps.put(None)

    def noted(self, stored: Stored) -> None:
        """Acknowledge audio that is on disk and recorded in the database."""
        self._noted = stored
        self.intake.note(stored)
        self.acknowledge()

    def lose(self) -> None:
        """End without a trace: another server has the session, and its client."""
        self._is_ending = True
        self._leaving.set()
        self._steps.put(self._refuse)

    def _refuse(self) -> None:
        raise LiveTakenOver

    @property
    def is_noted(self) -> bool:
        """Return whether the database records all audio on disk."""
        return self._noted == self.intake.stored

    def acknowledge(self) -> None:
        self._emit(Acknowledged(self._noted.next_chunk, self._noted.seconds))

    def complain(self, error: AppError) -> None:
        self._emit(ErrorEvent(error.problem))

    # Its own thread

    def _run(self) -> None:
        with bound(job=self.place.transcription), ExitStack() as stack:
            event(_log, logging.INFO, "live_begun", session=self.place.id)
            try:
                self._speech = self._taken_up(stack)
                while step := self._next_step():
                    step()
                    if self._end_state and self._is_settled:
                        self._close_up(self._end_state)
                        return
            except LiveTakenOver as taken:
                event(_log, logging.WARNING, "live_taken_over", session=self.place.id)
                self._emit(ErrorEvent(taken.problem, is_fatal=True))
                self._around.over(self)
            except Stopped:
                return
            except Exception:  # noqa: BLE001 - stored data is safe: the client can resume
                event(_log, logging.ERROR, "live_stumbled", exc_info=True, session=self.place.id)
                self._emit(ErrorEvent(AppError().problem, is_fatal=True))
                self._around.over(self)

    def _next_step(self) -> Callable[[], None] | None:
        try:
            return self._steps.get(timeout=LOOK_SECONDS)
        except Empty:
            return self._tick

    def _tick(self) -> None:
        """Periodic work while nothing arrives."""
        self._speech.tick()

    def _taken_up(self, stack: ExitStack) -> SpeechChannels:
        """Start after the last recognised segments; the audio after them is processed again."""
        known = self._keeper.persist(lambda: self._around.session_store.segments.all_of(self.place.transcription))
        stored = self._begun  # what has arrived since is among the queued steps
        queues = partial(self._queues, stack)
        if self._labels:
            stack.enter_context(self._labels.running(self.place.transcription))
            for segment in known:
                self._labels.add(segment)
        speech = SpeechChannels(
            self._options, self._keeper, self._tell_speech, queues, self.channels, known, end=stored.seconds
        )
        speech.replay(self.place.wav, stored.samples)
        return speech

    def _queues(self, stack: ExitStack) -> SessionQueues | None:
        scheduler = self._around.scheduler
        if scheduler is None:
            return None
        quick = self._around.quick(self._options) or scheduler
        partials = quick.queue(self.place.id, PARTIAL, self._answered)
        finals = scheduler.queue(self.place.id, FINAL, self._answered)
        return SessionQueues(stack.enter_context(partials), stack.enter_context(finals))

    def _answered(self) -> None:
        self._steps.put(self._take_answers)

    def _take_answers(self) -> None:
        self._speech.take_answers()

    def _feed(self, sound: bytes, arrived: float) -> None:
        with self._guard:
            self._unheard -= len(sound)
        self._speech.feed(sound, arrived)

    def _commit(self) -> None:
        self._speech.commit()

    def _clear(self) -> None:
        self._speech.discard()

    def _change(self) -> None:
        with self._guard:
            options, self._pending_options = self._pending_options or self._options, None
            self._options = options
        self._keeper.persist(lambda: self._around.session_store.change(self.place, options))
        self._speech.change(options)
        self._emit(SettingsApplied(options))

    def _end(self, state: LiveState) -> None:
        if self._end_state is None:
            self._keeper.persist(lambda: self._around.write(self))
            self._speech.finish()
        self._end_state = state

    @property
    def _is_settled(self) -> bool:
        return self._speech.is_settled or self._end_state is LiveState.CANCELLED

    def _close_up(self, state: LiveState) -> None:
        stored = self.intake.stored
        size_bytes, sha256 = self._keeper.persist(self.intake.close_up)
        self._around.session_store.draw(self.place)
        self._keeper.persist(
            lambda: self._around.session_store.end(self.place, state, stored.seconds, size_bytes, sha256)
        )
        event(_log, logging.INFO, "live_ended", state=state.value, seconds=round(stored.seconds, 3))
        self._around.over(self)
        if state is not LiveState.ENDED:
            self.complain(LiveSessionOver())
        self._emit(Ended(self.place.transcription))

    def _tell_speech(self, news: LiveEvent) -> None:
        self._emit(news)
        if self._labels and isinstance(news, Final):
            self._labels.add(news.segment)

    def _emit(self, news: LiveEvent) -> None:
        with self._telling:
            if self._listener:
                self._listener(news)
        self._around.publish(self.place.transcription, news)
