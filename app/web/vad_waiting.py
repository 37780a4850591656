"""Waits for the analysis of a recording, without a thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import suppress

import anyio

from app.services.vad.analyses import Analysis, VadAnalyses
from app.web.pools import SLOW_READS

PATIENCE_SECONDS = 5.0  # a recording that is read within so long is answered at once


async def soon_read(vad: VadAnalyses, id: str) -> Analysis:
    """Return the analysis when it is ready, or its state after PATIENCE_SECONDS.

    Raises:
        AppError: as VadAnalyses.get.
    """
    if reading := vad.reading(id):
        with anyio.move_on_after(PATIENCE_SECONDS):
            await _done(reading).wait()
    return await SLOW_READS.run(vad.get, id)


def _done(reading: Future[None]) -> anyio.Event:
    """Return an event that is set, in this loop, when a thread is done."""
    done, loop = anyio.Event(), asyncio.get_running_loop()

    def tell(_: Future[None]) -> None:
        with suppress(RuntimeError):  # the loop has ended with the server
            loop.call_soon_threadsafe(done.set)

    reading.add_done_callback(tell)
    return done
