"""`python -m app recover`: recreate the rows of orphaned recordings; the server may be running."""

from __future__ import annotations

from contextlib import closing

from app.composition import open_store
from app.files_composition import open_files
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.orphans import Recovered, recover
from app.settings import Settings

TOLD = {
    Recovered.QUEUED: "waits to be read again",
    Recovered.REUNITED: "is with its text again",
    Recovered.LEFT: "was left where it is: there is another recording in its place, or no sound in it",
}


def recover_recordings(settings: Settings) -> int:
    """Recover the recordings in data/orphans, and print the outcome of each.

    Raises:
        DataBeingRestored: a backup is being restored.
        DatabaseUnusable, DiskFull: what was recovered before stays recovered.
    """
    with closing(open_store(settings)) as database:
        database.migrate()
        queue = Queue(database, open_files(settings))
        queue.files.find_orphans(queue.is_known)
        orphans = queue.files.orphans()
        found = [recover(queue, id) for id in orphans]
    for what, name in found:
        print(f"{name}: {TOLD[what]}")
    if not orphans:
        print("Every recording has its entry; there is nothing to recover.")
    return 0
