"""Threads for requests that may wait: for the engine, for a disk, for a lock of the database.

Each kind of waiting has a pool, so that the common threads stay free for pages and quick reads, whatever hangs.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from app.domain.errors.base import AppError
from app.domain.errors.inference import EngineCallsFull
from app.domain.errors.requests import ServerBusy

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(slots=True)
class _Calls:
    """The calls of one event loop."""

    limiter: anyio.CapacityLimiter
    count: int = 0
    """Running and waiting."""


class Pool:
    """Threads for one kind of call."""

    def __init__(self, name: str, threads: int, most_waiting: int | None, refusal: type[AppError]) -> None:
        self.threads = threads
        self.most_waiting = most_waiting
        """For one of the threads; None: any number."""
        self.refusal = refusal
        self._calls: RunVar[_Calls] = RunVar(f"calls of {name}")

    def route(self, endpoint: Callable[_P, _T]) -> Callable[_P, Coroutine[Any, Any, _T]]:
        """Run a route in the pool; refuse it where too many wait already."""

        @wraps(endpoint)
        async def in_the_pool(*args: _P.args, **options: _P.kwargs) -> _T:
            return await self.run(partial(endpoint, *args, **options))

        in_the_pool.refusal = self.refusal  # type: ignore[attr-defined]  # for the route's description
        return in_the_pool

    async def run(self, function: Callable[..., _T], *args: Any) -> _T:
        """Return what `function` returns.

        Raises:
            The pool's refusal: too many wait already.
        """
        calls = self._current_calls()
        if self.most_waiting is not None and calls.count >= self.threads + self.most_waiting:
            raise self.refusal
        calls.count += 1
        try:
            return await anyio.to_thread.run_sync(partial(function, *args), limiter=calls.limiter)
        finally:
            calls.count -= 1

    def _current_calls(self) -> _Calls:
        try:
            return self._calls.get()
        except LookupError:
            self._calls.set(_Calls(anyio.CapacityLimiter(self.threads)))
            return self._calls.get()


ENGINE_CALLS = Pool("the engine", 4, 16, EngineCallsFull)
CHANGES = Pool("changes", 16, 200, ServerBusy)
"""Whatever writes: it may wait for the database's lock, for the disk, or for the deletion of gigabytes."""
SLOW_READS = Pool("slow reads", 8, 64, ServerBusy)
"""Whatever reads or computes for longer than a page may take."""
PLAYING = Pool("playing", 8, 64, ServerBusy)
"""Recordings that have to be decoded again before they can be heard."""
LOGINS = Pool("logins", 4, 16, ServerBusy)
"""Questions to a service that logs people in: it may be far away, or hang."""
FILES = Pool("files", 16, None, ServerBusy)
"""Bytes on their way to the disk, and looks at folders: each waits for its turn, and its client with it."""

waits_for_engine = ENGINE_CALLS.route
reads_slowly = SLOW_READS.route


def refusal_of(endpoint: Callable[..., Any]) -> type[AppError] | None:
    """Return the error with which a route's pool refuses it."""
    return getattr(endpoint, "refusal", None)
