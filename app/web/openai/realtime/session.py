"""One realtime session: a live session of this server in OpenAI's words. It knows nothing of sockets.

The live session begins with the first sound, so that a connection that is only kept warm leaves nothing in the
history.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from app.domain.errors.base import AppError, Problem
from app.domain.errors.live import LiveSessionOver, LiveTakenOver, LiveTooLong
from app.domain.sources import Source
from app.domain.states import LiveState
from app.services.live import (
    Cleared,
    Committed,
    Encoding,
    Ended,
    EndedSession,
    ErrorEvent,
    Final,
    LiveEvent,
    Partial,
    PcmStream,
    SessionKey,
    Started,
    VoiceStarted,
    VoiceStopped,
)
from app.web.forms.file_names import clean_name
from app.web.live.feed import BYTES_PER_SAMPLE, RATE, Feed
from app.web.live.names import name_by_time
from app.web.live.outbox import REFUSED, Closing
from app.web.openai.realtime import events
from app.web.openai.realtime.events import Dialect, Event, SessionState
from app.web.openai.realtime.messages import (
    Append,
    Clear,
    ClientEvent,
    Commit,
    SessionUpdate,
    TranscriptionSessionUpdate,
)
from app.web.openai.realtime.problems import INVALID_REQUEST, SERVER_ERROR, RealtimeError
from app.web.openai.realtime.recognition import ignored, options_for
from app.web.openai.realtime.session_config import (
    A_LAW,
    MU_LAW,
    PCM,
    SessionConfig,
    parse_beta_patch,
    parse_patch,
)
from app.web.openai.realtime.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.options import TranscriptionOptions
    from app.i18n import Translate
    from app.services.live import Live
    from app.web.openai.realtime.handshake import Handshake

    Listener = Callable[[LiveEvent], None]

ENCODINGS: dict[str, Encoding] = {PCM: "pcm16", MU_LAW: "mu-law", A_LAW: "a-law"}
LEAST_COMMIT_MS = 100  # as at OpenAI
OVER, GOING_AWAY = 1000, 1001  # RFC 6455; clients of OpenAI's connect again after the second


class RealtimeSession:
    """Takes the events of a client and those of the live session; returns those for the client."""

    def __init__(
        self, live: Live, handshake: Handshake, defaults: TranscriptionOptions, translate: Translate, listen: Listener
    ) -> None:
        self._live = live
        self._defaults = self._options = defaults
        self._translate = translate
        self._listen = listen
        self._name = handshake.name
        self._dialect = handshake.dialect
        self._config = handshake.config
        self._after = handshake.after
        self._is_resumed = bool(handshake.session)
        self._key = SessionKey(handshake.session, handshake.token) if self._is_resumed else SessionKey()
        self._expires_at = round(time.time() + live.most_seconds)
        self._turns = Turns(self._key.id, self._dialect, translate)
        self._pcm = PcmStream(rate=self._config.format.samples_per_second)
        self._feed: Feed | None = None
        self._buffered_samples = 0  # since the last commit of the client
        self._commits: deque[str | None] = deque()  # event ids of commits that the live session has not answered

    # Its beginning and its end

    async def begin(self, configured: SessionConfig) -> list[Event]:
        """Return the first events; a resumed session answers with its own, by `tell`.

        Raises:
            AppError: the session cannot be resumed.
        """
        problems: list[Event] = []
        try:
            self._apply(configured)
        except RealtimeError as error:  # of the address
            problems.append(events.event("error", error=error.told()))
        if self._is_resumed:
            return [*await self._resumed(), *problems]
        return [self._told("created", token=self._key.token, stored_ms=0), *problems]

    async def _resumed(self) -> list[Event]:
        found = await run_in_threadpool(self._live.resume, self._key.id, self._key.token, self._listen)
        if isinstance(found, EndedSession):
            self._listen(Started(found.id, "", found.transcription, 0, found.options, None, found.segments))
            self._listen(ErrorEvent(LiveSessionOver().problem))
            self._listen(Ended(found.transcription))
            return []
        self._feed = Feed(found)
        self._apply(self._config)
        return []

    async def end(self) -> None:
        """End the session at the client's request; what was said is recognised and kept."""
        if self._feed:
            await self._feed.send(self._pcm.flush())
            self._feed.session.end(LiveState.ENDED)

    def detach(self) -> None:
        if self._feed:
            self._feed.session.detach(self._listen)

    # From the client

    async def take(self, said: ClientEvent) -> list[Event]:
        """Handle an event of the client.

        Raises:
            RealtimeError: it does not fit; nothing has changed.
            AppError: no session can begin, or nothing can be stored.
        """
        if isinstance(said, Append):
            await self._append(said.sound)
            return []
        if isinstance(said, Commit):
            return self._commit(said.event_id)
        if isinstance(said, Clear):
            return self._clear()
        return await self._update(said)

    async def _append(self, sound: bytes) -> None:
        if not sound:
            return
        if self._feed is None:
            name = self._name or name_by_time(self._translate)
            session = await run_in_threadpool(
                self._live.begin,
                clean_name(name),
                self._options,
                self._listen,
                Source.OPENAI_LIVE,
                self._key,
                self._config.request,
            )
            self._feed = Feed(session)
        await self._send(self._pcm.push(sound))

    async def _send(self, sound: bytes) -> None:
        if self._feed and sound:
            self._buffered_samples += len(sound) // BYTES_PER_SAMPLE
            await self._feed.send(sound)

    def _commit(self, event_id: str | None) -> list[Event]:
        buffered_ms = self._buffered_samples * 1000 // RATE
        if self._feed is None or buffered_ms < (LEAST_COMMIT_MS if self._turns.by_client else 1):
            raise _nothing_to_commit(buffered_ms)
        self._buffered_samples = 0
        self._commits.append(event_id)
        self._feed.session.commit()
        return []

    def _clear(self) -> list[Event]:
        self._buffered_samples = 0
        if self._feed is None:
            return [events.event("input_audio_buffer.cleared")]
        self._feed.session.clear()
        return []

    async def _update(self, said: SessionUpdate | TranscriptionSessionUpdate) -> list[Event]:
        if isinstance(said, TranscriptionSessionUpdate):
            self._dialect = self._turns.dialect = Dialect.BETA
        is_flat = isinstance(said, TranscriptionSessionUpdate) or (
            self._dialect.is_beta and "audio" not in said.session
        )
        patch = parse_beta_patch(said.session) if is_flat else parse_patch(said.session)
        config = self._config.updated(patch)
        if config.format != self._config.format:
            await self._send(self._pcm.flush())
        self._apply(config)
        return [self._told("updated")]

    def _apply(self, config: SessionConfig) -> None:
        """Let `config` hold.

        Raises:
            RealtimeError: a value does not fit; nothing has changed.
        """
        options = options_for(config, self._defaults)
        if config.format != self._config.format:
            self._pcm = PcmStream(ENCODINGS[config.format.type], config.format.samples_per_second)
        self._config, self._options = config, options
        self._turns.by_client = config.turn_detection is None
        self._turns.is_transcribed = config.transcription is not None
        self._turns.with_logprobs = config.with_logprobs
        self._turns.language = options.language
        if self._feed and options != self._feed.session.options:
            self._feed.session.change(options)

    def _told(self, what: str, **extension: Any) -> Event:
        extension |= {"model": self._live.model, "ignored": ignored(self._config)}
        state = SessionState(f"sess_{self._key.id}", self._expires_at, self._config, self._options.vad, extension)
        return events.event(f"{self._dialect.noun}.{what}", session=state.answer(self._dialect))

    # From the live session

    def tell(self, news: LiveEvent) -> Iterator[Event | Closing]:
        """Return what an event of the live session means to the client."""
        match news:
            case Started() if self._is_resumed:
                yield from self._tell_resumed(news)
            case VoiceStarted():
                yield from self._turns.voice_started(news)
            case VoiceStopped():
                yield from self._turns.voice_stopped(news)
            case Partial():
                yield from self._turns.partial(news)
            case Final():
                yield from self._turns.final(news)
            case Committed():
                yield from self._tell_committed(news)
            case Cleared():
                yield from self._turns.cleared(news)
            case ErrorEvent():
                yield from self._tell_error(news)
            case Ended():
                yield from self._turns.given_up("session_ended", "The session ended before there was a text.")
                yield Closing(GOING_AWAY, "session_expired")

    def _tell_resumed(self, news: Started) -> Iterator[Event]:
        seconds = self._feed.seconds if self._feed else 0.0
        yield self._told("created", token=self._key.token, stored_ms=round(seconds * 1000))
        yield from self._turns.resumed(news.segments, self._after, seconds)

    def _tell_committed(self, news: Committed) -> Iterator[Event]:
        event_id = self._commits.popleft() if self._commits else None
        if news.closed or self._turns.by_client:
            yield from self._turns.committed(news)
        else:
            yield events.event("error", error=_nothing_to_commit(0).caused_by(event_id).told())

    def _tell_error(self, news: ErrorEvent) -> Iterator[Event | Closing]:
        problem = news.problem
        yield told_problem(problem, self._translate, is_ours=problem.code != LiveTakenOver.code)
        if problem.code == LiveTooLong.code:
            yield events.event("error", error=RealtimeError("session_expired", "The session has ended.").told())
        if news.is_fatal:
            yield Closing(REFUSED if problem.code == LiveTakenOver.code else GOING_AWAY, problem.code)


def told_problem(problem: Problem, translate: Translate, *, is_ours: bool) -> Event:
    """Return an error of this program as an event."""
    told = problem.explained(translate)
    kind = SERVER_ERROR if is_ours else INVALID_REQUEST
    error = RealtimeError(told["code"], f"{told['message']} {told['advice']}", kind=kind)
    return events.event("error", error=error.told())


def is_ours(error: AppError) -> bool:
    """Return whether an error is not the client's fault."""
    return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _nothing_to_commit(buffered_ms: int) -> RealtimeError:
    message = (
        f"Expected at least {LEAST_COMMIT_MS} ms of audio since the last turn, but the buffer has {buffered_ms} ms."
    )
    return RealtimeError("input_audio_buffer_commit_empty", f"Error committing input audio buffer: {message}")
