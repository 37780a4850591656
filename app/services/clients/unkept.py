"""Removes for good what programs asked not to keep: as soon as its job has ended and nobody waits for its text."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager

from app.logging import event
from app.periodic import Periodic
from app.services.clients.following import JobChanges
from app.services.transcriptions.trash import Trash
from app.store.database import Database
from app.store.queries import client_requests

LOOK_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Unkept:
    """The transcriptions that are not kept."""

    def __init__(self, database: Database, trash: Trash, changes: JobChanges) -> None:
        self._database = database
        self._trash = trash
        self._changes = changes

    def running(self) -> AbstractContextManager[None]:
        """Remove what is due during the block, also what an earlier server has left."""
        return Periodic("unkept", self.remove_ended, LOOK_SECONDS).running()

    def remove_ended(self) -> None:
        """Remove those that have ended and that nobody follows, with their files."""
        with self._database.reading() as connection:
            ended = client_requests.not_kept(connection)
        due = [id for id in ended if not self._changes.is_followed(id)]
        if due:
            self._trash.move(due)
            self._trash.remove(due)
            event(_log, logging.INFO, "unkept_removed", count=len(due))
