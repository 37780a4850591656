"""All live sessions of this server: start, resume, and end those that nobody resumes."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock

from app.domain.client_request import ClientRequest
from app.domain.errors.live import LiveSessionElsewhere, LiveSessionsFull
from app.domain.options import OFF, TranscriptionOptions
from app.domain.people import current_actor
from app.domain.sources import Source
from app.domain.states import LiveState
from app.domain.transcription import SegmentRecord
from app.engine import SAMPLE_RATE
from app.logging import event
from app.periodic import Periodic
from app.services.inference.scheduler import InferenceScheduler
from app.services.live.audience import Audience
from app.services.live.channels import MONO, Channels
from app.services.live.events import Listener
from app.services.live.recorder import SHARED_WRITE_SECONDS, WRITE_SECONDS, Recorder
from app.services.live.session import Session
from app.services.live.session_context import SessionContext, SessionFacts
from app.services.live.session_files import SessionFiles
from app.services.live.session_store import LiveSessionStore, SessionKey
from app.services.speakers.voice_hearing import VoiceHearing
from app.services.transcriptions.job_queue import Queue
from app.store.database import Row

IDLE_SECONDS = 5.0  # without its client, after which a session may be unloaded to make room for another
LOOK_SECONDS = 1.0  # between checks for abandoned sessions
TELL_SECONDS = 15.0  # between signs of life to other servers

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session that has ended, at its client's request or not."""

    id: str
    transcription: str
    next_chunk: int
    options: TranscriptionOptions
    segments: tuple[SegmentRecord, ...]
    channels: Channels
    as_asked: bool
    """The client ended it and only missed the confirmation."""


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """Limits on live sessions."""

    sessions: int
    """Concurrent sessions; those that were unloaded while their client is away do not count."""
    keep_minutes: float
    """How long a session waits for its client."""
    most_seconds: float
    """Maximum audio per session."""


class Live:
    """Every method may be called from any thread."""

    def __init__(
        self,
        queue: Queue,
        scheduler: InferenceScheduler | None,
        limits: LiveLimits,
        model: Callable[[], str | None],
        quick: Callable[[TranscriptionOptions], InferenceScheduler | None] = lambda _: None,
        voices: VoiceHearing | None = None,
    ) -> None:
        self._queue = queue
        self.audience = Audience()
        self._session_store = LiveSessionStore(queue)
        self._limits = limits
        self._awake: dict[str, Session] = {}
        self._reserved = Counter[str]()  # slots of sessions that are being loaded, by their ids
        self._lock = Lock()
        self._opened_at = datetime.now(UTC)
        self._told_at = 0.0
        self._recorder = Recorder(self._session_store, self._all)
        self._around = SessionContext(
            self._session_store,
            scheduler,
            quick,
            self._recorder.write,
            model,
            limits.most_seconds,
            self._forget,
            self.audience.publish,
            voices,
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve sessions during the block; afterwards they remain, to be resumed later."""
        pause = SHARED_WRITE_SECONDS if self._queue.files.is_shared else WRITE_SECONDS
        recorder = Periodic("live-recorder", self._recorder.write_all, pause)
        keeper = Periodic("live-keeper", self._check_sessions, LOOK_SECONDS, at_once=False)
        try:
            with recorder.running(), keeper.running():
                yield
        finally:
            self._recorder.close()
            for session in self._all():
                session.suspend()
                self._forget(session)

    # For clients

    def begin(
        self,
        name: str,
        options: TranscriptionOptions,
        listener: Listener,
        source: Source = Source.LIVE,
        key: SessionKey | None = None,
        request: ClientRequest | None = None,
        channels: Channels = MONO,
    ) -> Session:
        """Start a session; when this returns, its transcription is in the history.

        A `key` is given if the client was told one before there was any audio, a `request` if it is of a program that
        speaks another product's API. Where there are several `channels`, each is read by itself, and they
        tell who speaks.

        Raises:
            LiveSessionsFull, DiskFull, DatabaseUnusable, QuotaReached
        """
        key = key or SessionKey()
        if channels.count > 1:
            options = replace(options, channels="separate", speakers=OFF)
        with self._slot(key.id):
            place = self._session_store.begin(key, name, options, source, request, channels)
            with self._lock:
                session = self._wake(place, options, 0)
            session.attach(listener, key.token)
        self._queue.announce()
        return session

    def resume(self, id: str, token: str, listener: Listener) -> Session | EndedSession:
        """Resume a session, or return how it ended.

        Raises:
            LiveSessionUnknown, LiveTokenWrong
            LiveSessionsFull: it was unloaded, and no slot is free; its audio is kept.
            LiveSessionElsewhere: another server process has it.
            TranscriptionNotFound: it was deleted.
            DiskFull, DatabaseUnusable
        """
        row = self._session_store.find(id, token)
        if row["state"] != LiveState.OPEN:
            return self._over(row)
        with self._slot(row["id"]):
            session = self._session(row, by_client=True)
            session.attach(listener)
        return session

    def _over(self, row: Row) -> EndedSession:
        record = self._queue.get(row["transcription_id"])
        return EndedSession(
            row["id"],
            record.id,
            row["next_chunk"],
            record.options,
            tuple(self._session_store.segments.all_of(record.id)),
            Channels(row["channels"], record.channel_names),
            as_asked=row["state"] == LiveState.ENDED,
        )

    @property
    def model(self) -> str | None:
        """Name of the model in use; None while it is being loaded."""
        return self._around.model()

    @property
    def most_seconds(self) -> float:
        """Maximum audio per session."""
        return self._limits.most_seconds

    def sessions(self) -> list[SessionFacts]:
        """Return the running sessions, with and without a client, oldest first."""
        return [
            SessionFacts(
                id=row["id"],
                transcription=row["transcription_id"],
                name=row["name"],
                created_at=row["created_at"],
                seconds=row["samples"] / SAMPLE_RATE,
                segments=row["segments_done"],
                is_connected=row["id"] in self._awake and self._awake[row["id"]].is_connected,
            )
            for row in self._session_store.open_rows()
            if row["deleted_at"] is None and current_actor().owns(row["owner"])
        ]

    # Loading and dropping

    @contextmanager
    def _slot(self, id: str) -> Iterator[None]:
        """Reserve a slot for a session during the block; one that is loaded has its own.

        Raises:
            LiveSessionsFull: every slot is taken by a session with a client, or one that is ending.
        """
        while not self._reserve(id):
            self._unload_idle()
        try:
            yield
        finally:
            with self._lock:
                self._reserved -= Counter([id])

    def _reserve(self, id: str) -> bool:
        with self._lock:
            taken = self._awake.keys() | self._reserved.keys()  # one that is being loaded is in both
            is_free = id in taken or len(taken) < self._limits.sessions
            self._reserved += Counter([id] * is_free)
            return is_free

    def _unload_idle(self) -> None:
        """Unload the session whose client has been away longest; it is loaded again when the client resumes it."""
        alone = [each for each in self._all() if each.seconds_alone > IDLE_SECONDS and not each.is_ending]
        if not alone:
            raise LiveSessionsFull(most=self._limits.sessions)
        session = max(alone, key=lambda each: each.seconds_alone)
        self._recorder.write(session)
        session.suspend()
        self._forget(session)
        event(_log, logging.INFO, "live_unloaded", session=session.place.id)

    def _session(self, row: Row, *, by_client: bool) -> Session:
        """Return the session of an open row, loading it if necessary."""
        with self._lock:
            if session := self._awake.get(row["id"]):
                return session
            reopened = self._session_store.reopen(row["id"], by_client=by_client)
            if reopened is None:
                raise LiveSessionElsewhere(id=row["id"])
            return self._wake(*reopened)

    def _wake(self, place: SessionFiles, options: TranscriptionOptions, next_chunk: int) -> Session:
        session = Session(place, options, next_chunk, self._around)
        self._awake[place.id] = session
        session.start()
        return session

    def _forget(self, session: Session) -> None:
        with self._lock:
            if self._awake.pop(session.place.id, None) is None:
                return
        session.intake.close()
        session.place.release()

    def _all(self) -> list[Session]:
        with self._lock:
            return list(self._awake.values())

    # Abandoned sessions

    def _check_sessions(self) -> None:
        self._tell_servers()
        for row in self._session_store.open_rows():
            self._check_session(row)

    def _tell_servers(self) -> None:
        """Let other servers that share the store know which sessions are here."""
        if self._queue.files.is_shared and time.monotonic() - self._told_at > TELL_SECONDS and (awake := self._all()):
            self._session_store.touch(session.place for session in awake)
            self._told_at = time.monotonic()

    def _check_session(self, row: Row) -> None:
        if row["cancel_requested"] or row["deleted_at"] or row["delete_requested"]:
            self._end(row, LiveState.CANCELLED)
        elif self._seconds_alone(row) > self._limits.keep_minutes * 60:
            self._end(row, LiveState.ABANDONED)

    def _seconds_alone(self, row: Row) -> float:
        """Return how long no client has been connected, not counting server downtime."""
        with self._lock:
            session = self._awake.get(row["id"])
        if session is not None:
            return session.seconds_alone
        since: datetime = max(row["touched_at"], self._opened_at)
        return (datetime.now(UTC) - since).total_seconds()

    def _end(self, row: Row, state: LiveState) -> None:
        try:
            self._session(row, by_client=False).end(state)
        except LiveSessionElsewhere:
            return
        event(_log, logging.INFO, "live_ending", session=row["id"], state=state.value)
