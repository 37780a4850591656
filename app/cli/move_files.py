"""`python -m app move-files`: copy the recordings of the data folder to the object store, with the server stopped."""

from __future__ import annotations

from contextlib import closing

from app.composition import open_store
from app.domain.errors.setup import NoObjectStore
from app.files_composition import open_bucket
from app.settings import Settings
from app.store.queries import live

BYTES_PER_MB = 2**20


def move_files(settings: Settings) -> int:
    """Copy everything, and print how much that was.

    Raises:
        NoObjectStore: FUNASR_FILES_URL names none.
        DataInUse, StoreUnusable, DatabaseUnusable: what was copied before stays there.
    """
    if not settings.files_url:
        raise NoObjectStore
    bucket = open_bucket(settings)
    from app.store.objects.moving import copy_recordings, copy_uploads

    with closing(open_store(settings)) as database:
        database.migrate()
        with database.reading() as connection:
            open_ones = {row["transcription_id"] for row in live.open_ones(connection)}
        sent = [size for _, size in copy_recordings(bucket, settings.data_dir, open_ones.__contains__)]
        uploads = copy_uploads(bucket, settings.data_dir)
    print(f"{len(sent)} recordings are in {bucket.url}; {sum(sent) // BYTES_PER_MB} MB were sent for that.")
    print(f"{uploads} unfinished uploads go on there.")
    print(f"Once the server works with it, {settings.data_dir / 'transcriptions'} can be moved away.")
    return 0
