"""Whoever reads along with live sessions: told of everything, and never waited for.

What a reader has not taken yet is bounded. Partial texts replace each other, and who falls behind with the finished ones
reads them from the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from app.services.live.events import Cleared, Ended, Final, LiveEvent, Partial

MOST_FINALS = 50  # that wait for one reader


@dataclass(slots=True)
class Unread:
    """What a reader has not been told."""

    finals: list[Final] = field(default_factory=list)
    partials: dict[int | None, Partial | None] = field(default_factory=dict)
    """The latest by channel; None where nobody speaks any more."""
    has_missed: bool = False
    """Whether more finals came than wait: they are in the database."""
    is_over: bool = False


class Reader:
    """One reader of one session. Every method may be called from any thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called when there is something to take after nothing was; it must neither block nor raise."""
        self._wake = wake
        self._lock = Lock()
        self._unread = Unread()
        self._is_awake = False

    def put(self, news: LiveEvent) -> None:
        with self._lock:
            if not _note(self._unread, news) or self._is_awake:
                return
            self._is_awake = True
        self._wake()

    def take(self) -> Unread:
        """Return what has come since the last call."""
        with self._lock:
            taken, self._unread, self._is_awake = self._unread, Unread(), False
        return taken


class Audience:
    """The readers of all sessions, by the transcriptions: they stay while a session is taken up again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._readers: dict[str, tuple[Reader, ...]] = {}

    @contextmanager
    def reading(self, transcription: str, wake: Callable[[], None]) -> Iterator[Reader]:
        """Tell a reader of all that happens in a session during the block."""
        reader = Reader(wake)
        with self._lock:
            self._readers[transcription] = (*self._readers.get(transcription, ()), reader)
        try:
            yield reader
        finally:
            with self._lock:
                rest = tuple(each for each in self._readers[transcription] if each is not reader)
                self._readers[transcription] = rest
                if not rest:
                    del self._readers[transcription]

    def publish(self, transcription: str, news: LiveEvent) -> None:
        for reader in self._readers.get(transcription, ()):
            reader.put(news)

    def count(self, transcription: str) -> int:
        return len(self._readers.get(transcription, ()))


def _note(unread: Unread, news: LiveEvent) -> bool:
    """Add news that concerns readers; return whether it does."""
    if isinstance(news, Partial):
        unread.partials[news.channel] = news
    elif isinstance(news, Final):
        unread.finals.append(news)
        unread.partials[news.segment.channel] = None
        if len(unread.finals) > MOST_FINALS:
            unread.finals.clear()
            unread.has_missed = True
    elif isinstance(news, Cleared):
        unread.partials = dict.fromkeys((*unread.partials, None, 1, 2))
    elif isinstance(news, Ended):
        unread.is_over = True
    else:
        return False
    return True
