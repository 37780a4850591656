"""Feeds a live session with sound of any length, for clients that number no chunks of their own."""

from __future__ import annotations

import anyio

from app.services.live import Session

RATE = 16_000
BYTES_PER_SAMPLE = 2
CHUNK_BYTES = RATE * BYTES_PER_SAMPLE  # one second
LOOK_SECONDS = 0.05


class Feed:
    """The connection's end of one session; `taken_samples` is what the session has accepted."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._next_chunk = session.intake.expected
        self.taken_samples = round(session.intake.seconds * RATE)

    @property
    def seconds(self) -> float:
        return self.taken_samples / RATE

    async def send(self, sound: bytes) -> None:
        """Pass on int16 samples at 16 kHz; wait while the session is behind, which slows the client down.

        Raises:
            LiveNotStored: the disk takes nothing, so that too much sound waits.
        """
        for place in range(0, len(sound), CHUNK_BYTES):
            chunk = sound[place : place + CHUNK_BYTES]
            self.session.accept(self._next_chunk, chunk)
            self._next_chunk += 1
            self.taken_samples += len(chunk) // BYTES_PER_SAMPLE
            await self._catch_up()

    async def _catch_up(self) -> None:
        while self.session.is_behind and not self.session.is_ending:  # noqa: ASYNC110 - threads change it
            await anyio.sleep(LOOK_SECONDS)
