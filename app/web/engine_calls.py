"""A thread pool for requests that wait for the engine, so that they do not use up the threads of all other requests."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from app.domain.errors.inference import EngineCallsFull

THREADS = 4
MOST_WAITING = 16  # for one of the threads

_P = ParamSpec("_P")
_T = TypeVar("_T")
_pool: RunVar[_Pool] = RunVar("engine_calls")


def waits_for_engine(route: Callable[_P, _T]) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """Run a route in the pool; refuse it with EngineCallsFull where too many wait already."""

    @wraps(route)
    async def in_the_pool(*args: _P.args, **options: _P.kwargs) -> _T:
        pool = _current_pool()
        if pool.calls >= THREADS + MOST_WAITING:
            raise EngineCallsFull
        pool.calls += 1
        try:
            return await anyio.to_thread.run_sync(partial(route, *args, **options), limiter=pool.limiter)
        finally:
            pool.calls -= 1

    return in_the_pool


@dataclass(slots=True)
class _Pool:
    limiter: anyio.CapacityLimiter
    calls: int = 0
    """Running and waiting."""


def _current_pool() -> _Pool:
    try:
        return _pool.get()
    except LookupError:
        _pool.set(_Pool(anyio.CapacityLimiter(THREADS)))
        return _pool.get()
