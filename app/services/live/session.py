"""One live session: takes sound and wishes from its connection, and does everything else in a thread of its own.

The session outlives its connections. Whatever happens to them, what was acknowledged is on the disk, and the next
connection of the same client goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
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
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.segment_queue import FINAL, PARTIAL
from app.services.live.events import (
    Acknowledged,
    Ended,
    ErrorEvent,
    Listener,
    LiveEvent,
    SettingsApplied,
    Started,
)
from app.services.live.intake import Intake, Stored
from app.services.live.requests import SessionQueues
from app.services.live.segment_writer import SegmentWriter
from app.services.live.session_store import LiveSessionStore, SessionFiles
from app.services.live.speech import Speech
from app.store.files.live_wav import read_samples

LOOK_SECONDS = 0.5  # without anything to do
HEARD_AGAIN_SAMPLES = 10 * SAMPLE_RATE  # at once, of what is heard again

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session that goes on, as a list shows it."""

    id: str
    transcription: str
    name: str
    created_at: datetime
    seconds: float
    """Of sound on the disk."""
    segments: int
    """With their text."""
    is_connected: bool


@dataclass(frozen=True, slots=True)
class SessionContext:
    """What a session needs of the server around it."""

    session_store: LiveSessionStore
    scheduler: InferenceScheduler | None
    """None where another process recognises."""
    quick: Callable[[TranscriptionOptions], InferenceScheduler | None]
    """Another way for open segments with these options; None where there is no quicker one."""
    write: Callable[[Session], None]
    """Puts its sound on the disk now."""
    model: Callable[[], str | None]
    most_seconds: float
    """Of sound in one session."""
    over: Callable[[Session], None]
    """Called when it has ended."""


class Session:
    """Every method may be called from any thread and does not wait for the recognition."""

    def __init__(
        self, place: SessionFiles, options: TranscriptionOptions, next_chunk: int, around: SessionContext
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
        self._is_ending = False
        self._end_state: LiveState | None = None
        self._leaving = Event()
        self._keeper = SegmentWriter(
            around.session_store,
            place,
            self.intake,
            lambda: around.write(self),
            self._complain_of_disk,
            self._leaving,
        )

    # The connection

    def attach(self, listener: Listener, token: str = "") -> None:
        """Tell `listener` how things stand, and everything from then on; the connection before is told to go."""
        with self._telling:
            former, self._listener = self._listener, listener
            if former:
                former(ErrorEvent(LiveTakenOver().problem, is_fatal=True))
            listener(self._started(token))

    def _started(self, token: str) -> Started:
        return Started(
            session=self.place.id,
            token=token,
            transcription=self.place.transcription,
            next_chunk=self._noted.next_chunk,
            options=self._options,
            model=self._around.model(),
            segments=tuple(self._around.session_store.segments.all_of(self.place.transcription)),
        )

    def detach(self, listener: Listener) -> None:
        with self._telling:
            if self._listener == listener:
                self._listener, self._lost_at = None, time.monotonic()

    @property
    def is_connected(self) -> bool:
        return self._listener is not None

    @property
    def seconds_alone(self) -> float:
        """How long no client has been there."""
        return 0.0 if self.is_connected else time.monotonic() - self._lost_at

    def accept(self, number: int, sound: bytes) -> None:
        """Take a chunk of sound. One that came before is acknowledged again; one too early is told to be so."""
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
        self._steps.put(partial(self._feed, sound, time.monotonic()))
        if self.intake.seconds > self._around.most_seconds:
            self._emit(ErrorEvent(LiveTooLong(limit_hours=round(self._around.most_seconds / 3600, 2)).problem))
            self.end(LiveState.ENDED)

    def change(self, options: TranscriptionOptions) -> None:
        """Let other options hold from the next segment on."""
        self._steps.put(partial(self._change, options))

    @property
    def options(self) -> TranscriptionOptions:
        return self._options

    def stop(self, chunks: int) -> None:
        """End the session after its last chunk; where one is missing, tell so and go on."""
        if chunks > self.intake.expected:
            self._emit(ErrorEvent(LiveGap(expected=self.intake.expected, number=chunks).problem))
            self.acknowledge()
        else:
            self.end(LiveState.ENDED)

    # The server

    def start(self) -> None:
        Thread(target=self._run, name=f"live-{self.place.id}", daemon=True).start()

    def end(self, state: LiveState) -> None:
        """Read what is still to be read, then end; a cancelled session leaves it unread."""
        if not self._is_ending or state is LiveState.CANCELLED:
            self._is_ending = True
            self._steps.put(partial(self._end, state))

    def suspend(self) -> None:
        """End the thread and let the session be taken up later, because the server stops."""
        self._is_ending = True
        self._leaving.set()
        self._steps.put(None)

    def noted(self, stored: Stored) -> None:
        """The database knows of the sound on the disk: it may be acknowledged."""
        self._noted = stored
        self.acknowledge()

    @property
    def is_noted(self) -> bool:
        """The database knows of all sound on the disk."""
        return self._noted == self.intake.stored

    def acknowledge(self) -> None:
        self._emit(Acknowledged(self._noted.next_chunk, self._noted.seconds))

    def complain(self, error: AppError) -> None:
        self._emit(ErrorEvent(error.problem))

    def _complain_of_disk(self, error: AppError) -> None:
        self.complain(LiveNotStored(reason=error.problem.to_dict()))

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
            except Stopped:
                return
            except Exception:  # noqa: BLE001 - what is stored is safe: the client goes on with it
                event(_log, logging.ERROR, "live_stumbled", exc_info=True, session=self.place.id)
                self._emit(ErrorEvent(AppError().problem, is_fatal=True))
                self._around.over(self)

    def _next_step(self) -> Callable[[], None] | None:
        try:
            return self._steps.get(timeout=LOOK_SECONDS)
        except Empty:
            return self._tick

    def _tick(self) -> None:
        """Do what is to be done where nothing happens."""
        self._speech.tick()

    def _taken_up(self, stack: ExitStack) -> Speech:
        """Begin at the end of what was recognised before; the sound behind it is heard again."""
        known = self._keeper.persist(lambda: self._around.session_store.segments.all_of(self.place.transcription))
        stored = self._begun  # what has come since then waits among the steps
        start = min(known[-1].end, stored.seconds) if known else 0.0
        speech = Speech(self._options, self._keeper, self._emit, self._queues(stack), index=len(known), start=start)
        speech.take_up(segment for segment in known if segment.state == "pending")
        first = round(start * SAMPLE_RATE)
        for place in range(first, stored.samples, HEARD_AGAIN_SAMPLES):
            count = min(HEARD_AGAIN_SAMPLES, stored.samples - place)
            speech.feed(read_samples(self.place.wav.path, place, count), time.monotonic())
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
        self._speech.feed(sound, arrived)
        self._speech.retry()

    def _change(self, options: TranscriptionOptions) -> None:
        self._options = options
        self._keeper.persist(lambda: self._around.session_store.change(self.place.transcription, options))
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

    def _emit(self, news: LiveEvent) -> None:
        with self._telling:
            if self._listener:
                self._listener(news)
