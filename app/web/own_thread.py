"""A thread for a call that must not wait for other requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

_T = TypeVar("_T")


async def in_own_thread(function: Callable[[], _T]) -> _T:
    """Return what `function` returns, without one of the common threads: slow requests may have used them up.

    Where the caller is cancelled, it no longer waits; the thread ends when the function does.
    """
    return await anyio.to_thread.run_sync(function, limiter=anyio.CapacityLimiter(1), abandon_on_cancel=True)
