"""The files of one live session, and the right to write them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from app.domain.errors.live import LiveTakenOver
from app.services.live.channels import MONO, Channels
from app.store.database import Connection
from app.store.files.live_wav import LiveWav
from app.store.queries import live


@dataclass(frozen=True, slots=True)
class SessionFiles:
    """The files of one session, locked by this process until `release`."""

    id: str
    transcription: str
    wav: LiveWav
    lock_fd: int
    channels: Channels = MONO
    fence: int | None = None
    """Where several servers share the files: the number in the row as long as this server may write; else None."""

    def release(self) -> None:
        os.close(self.lock_fd)

    def check(self, connection: Connection) -> None:
        """Make sure, for the rest of a transaction, that no other server has taken the session over.

        Raises:
            LiveTakenOver
        """
        if self.fence is not None and live.fence_of(connection, self.id) != self.fence:
            raise LiveTakenOver
