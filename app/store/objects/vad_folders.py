"""The recordings of speech analyses in an object store, for the day that they are kept; the rest can be made again.

vad/<id>/    source<.ext>, about.json (name, ending, owner)
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.domain.errors.object_store import StoreUnusable
from app.store.files.upload_file import UploadFile
from app.store.files.vad_folders import KEEP_SECONDS, VAD_FOLDER, VadFolders
from app.store.objects.bucket import Bucket

ABOUT_NAME = "about.json"


class StoredVadFolders(VadFolders):
    """The folders under data/vad, whose recordings any server can load. What writes may raise StoreUnusable."""

    def __init__(self, data_dir: Path, bucket: Bucket) -> None:
        super().__init__(data_dir)
        self._bucket = bucket

    def move_into_place(self, incoming: UploadFile, id: str, owner: str | None = None) -> None:
        """Make a received file the recording of analysis `id`: when this returns, the store has confirmed it."""
        super().move_into_place(incoming, id, owner)
        about = {"name": incoming.name, "suffix": incoming.suffix, "owner": owner}
        source = self.source(id, incoming.suffix)
        try:
            self._bucket.put_file(self._key(id, source.name), source)
            self._bucket.put(self._key(id, ABOUT_NAME), json.dumps(about, ensure_ascii=False).encode())
        except BaseException:
            super().remove(id)
            raise

    def about(self, id: str) -> dict[str, Any] | None:
        """Return name, ending and owner of a recording; None if there is none."""
        try:
            found: dict[str, Any] = json.loads(self._bucket.read(self._key(id, ABOUT_NAME)))
        except FileNotFoundError:
            return None
        return found

    def bring(self, id: str, suffix: str) -> None:
        """Load a recording that another server has received.

        Raises:
            FileNotFoundError: it was removed meanwhile.
            DiskFull
        """
        self.make(id)
        source = self.source(id, suffix)
        source.unlink(missing_ok=True)  # of an attempt that broke off
        self._bucket.fetch(self._key(id, source.name), source)

    def remove(self, id: str) -> None:
        """Remove an analysis, here and in the store."""
        super().remove(id)
        self._bucket.remove_below(f"{VAD_FOLDER}/{id}")

    def sweep(self, now: float | None = None) -> None:
        """Remove what is older than a day, here and in the store, and what is too much here."""
        super().sweep(now)
        before = datetime.now(UTC) - timedelta(seconds=KEEP_SECONDS)
        with suppress(StoreUnusable):  # the next round tries again
            self._bucket.remove([each.key for each in self._bucket.below(VAD_FOLDER) if each.modified < before])

    def _key(self, id: str, name: str) -> str:
        return f"{VAD_FOLDER}/{id}/{name}"
