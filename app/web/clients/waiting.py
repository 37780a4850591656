"""Waits for jobs without holding a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.domain.errors.clients import ServerStopping
from app.services.clients.following import JobChanges, JobStatus
from app.web.sse import until_stopping


class Follower:
    """Sees how far one job is. Used by one task."""

    def __init__(self) -> None:
        self._status: JobStatus | None = None
        self._is_stopping = False
        self._news = asyncio.Event()

    def tell(self, status: JobStatus) -> None:
        self._status = status
        self._news.set()

    def stop(self) -> None:
        """Wait no longer."""
        self._is_stopping = True
        self._news.set()

    async def changes(self) -> AsyncIterator[JobStatus]:
        """Yield how far the job is, at first and whenever that changes, until it has ended.

        Raises:
            ServerStopping: the server ends before.
        """
        while True:
            await self._news.wait()
            self._news.clear()
            if self._status is None or (self._is_stopping and not self._status.has_ended):
                raise ServerStopping
            yield self._status
            if self._status.has_ended:
                return

    async def ended(self) -> JobStatus:
        """Wait for the end of the job, and return how it is then.

        Raises:
            ServerStopping: the server ends before.
        """
        status = JobStatus(None)
        async for status in self.changes():  # noqa: B007 - the last one counts
            pass
        return status


@asynccontextmanager
async def following(changes: JobChanges, id: str) -> AsyncIterator[Follower]:
    """Follow job `id` during the block, or until the server is told to stop."""
    loop, follower = asyncio.get_running_loop(), Follower()
    watching = asyncio.create_task(_stop_in_time(follower))
    try:
        with changes.listening(id, lambda status: _told(loop, follower, status)):
            yield follower
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _stop_in_time(follower: Follower) -> None:
    await until_stopping()
    follower.stop()


def _told(loop: asyncio.AbstractEventLoop, follower: Follower, status: JobStatus) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(follower.tell, status)
