"""Waits for jobs without holding a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from app.services.transcriptions.following import JobChanges, JobStatus


class Follower:
    """Sees how far one job is. Used by one task."""

    def __init__(self) -> None:
        self._status: JobStatus | None = None
        self._news = asyncio.Event()

    def tell(self, status: JobStatus) -> None:
        self._status = status
        self._news.set()

    async def changes(self) -> AsyncIterator[JobStatus]:
        """Yield how far the job is, at first and whenever that changes, until it has ended."""
        while True:
            await self._news.wait()
            self._news.clear()
            assert self._status is not None  # noqa: S101 - set before the event
            yield self._status
            if self._status.has_ended:
                return

    async def ended(self) -> JobStatus:
        """Wait for the end of the job."""
        status = JobStatus(None)
        async for status in self.changes():  # noqa: B007 - the last one counts
            pass
        return status


@contextmanager
def following(changes: JobChanges, id: str) -> Iterator[Follower]:
    """Follow job `id` during the block."""
    loop, follower = asyncio.get_running_loop(), Follower()
    with changes.listening(id, lambda status: _told(loop, follower, status)):
        yield follower


def _told(loop: asyncio.AbstractEventLoop, follower: Follower, status: JobStatus) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(follower.tell, status)
