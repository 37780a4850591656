"""The queue of a data folder that a backup, a restore or a loss concerns."""

from __future__ import annotations

from app.services.transcriptions.job_queue import Queue
from app.store.files.recordings import Files
from app.support.backup import Places
from tests.databases import database_in


def open_queue(places: Places) -> Queue:
    """Return it with its database open, which holds the folder until it is closed."""
    database = database_in(places.data_dir)
    database.migrate()
    return Queue(database, Files(places.data_dir))
