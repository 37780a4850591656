"""The folders of speech analyses: they are kept for a day and limited in total size.

data/vad/<id>/    source<.ext> (of an upload), audio.s16, facts.json (the folder is complete), texts.jsonl, events.json
                  (sound events), and the engine's frame scores and peaks
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.atomic import write_atomically
from app.locks import exclusive, shared, unless_held
from app.store.files.upload_file import SOURCE_STEM, UploadFile
from app.stored_json import read_json

KEEP_SECONDS = 24 * 3600
HALF_MADE_SECONDS = 600  # an unlocked, incomplete folder is abandoned after this time
MOST_BYTES = 4 << 30  # ten hours are 1.2 GB
VAD_FOLDER = "vad"
OF_TRANSCRIPTION = "t-"  # prefix of the id of an analysis whose recording belongs to a transcription
AUDIO_NAME = "audio.s16"
FACTS_NAME = "facts.json"
PEAKS_NAME = "peaks.json"
TEXTS_NAME = "texts.jsonl"
EVENTS_NAME = "events.json"


class VadFolders:
    """The folders under data/vad."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / VAD_FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)

    def ids(self) -> list[str]:
        """Return the ids of all folders."""
        return [folder.name for folder in self._folder.iterdir()]

    def folder(self, id: str) -> Path:
        return self._folder / id

    def audio(self, id: str) -> Path:
        """Return the path of the samples."""
        return self.folder(id) / AUDIO_NAME

    def peaks(self, id: str) -> Path:
        return self.folder(id) / PEAKS_NAME

    def source(self, id: str, suffix: str) -> Path:
        """Return the path of the original upload."""
        return self.folder(id) / f"{SOURCE_STEM}{suffix}"

    def move_into_place(self, incoming: UploadFile, id: str, owner: str | None = None) -> None:  # noqa: ARG002
        """Make a received file the recording of analysis `id`, which belongs to `owner`.

        Raises:
            DiskFull: there is no room for it.
        """
        incoming.move_into_place(self.folder(id))

    def make(self, id: str) -> None:
        """Create the folder for a recording stored elsewhere."""
        self.folder(id).mkdir(exist_ok=True)

    @contextmanager
    def held(self, id: str) -> Iterator[bool]:
        """Keep the folder from being removed during the block; yield whether it exists."""
        with shared(self.folder(id)) as is_there:
            yield is_there

    def complete(self, id: str, facts: Mapping[str, Any]) -> None:
        """Write the facts about the recording, which makes the folder visible."""
        write_atomically(self.folder(id) / FACTS_NAME, json.dumps(facts, ensure_ascii=False))

    def facts(self, id: str) -> dict[str, Any] | None:
        """Return what `complete` wrote; None if the folder does not exist, is incomplete or damaged."""
        try:
            stored = read_json(self.folder(id) / FACTS_NAME)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        return stored if isinstance(stored, dict) else None

    def add_text(self, id: str, text: Mapping[str, Any]) -> None:
        """Store the text of one interval; later ones override earlier ones."""
        with self.held(id), (self.folder(id) / TEXTS_NAME).open("a", encoding="utf-8") as file:
            file.write(json.dumps(text, ensure_ascii=False) + "\n")

    def texts(self, id: str) -> list[dict[str, Any]]:
        """Return what `add_text` stored, oldest first, skipping a line left half-written by a crash."""
        try:
            lines = (self.folder(id) / TEXTS_NAME).read_text(encoding="utf-8").splitlines(keepends=True)
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def add_events(self, id: str, events: Sequence[Mapping[str, Any]]) -> None:
        """Store the sound events of the recording."""
        write_atomically(self.folder(id) / EVENTS_NAME, json.dumps(events), durable=False)

    def events(self, id: str) -> list[dict[str, Any]] | None:
        """Return the stored sound events; None if none were detected yet."""
        try:
            stored: list[dict[str, Any]] = read_json(self.folder(id) / EVENTS_NAME)
        except (FileNotFoundError, ValueError):
            return None
        return stored

    def remove(self, id: str) -> None:
        """Remove the folder once nobody holds it: a concurrent write would keep it in existence."""
        with exclusive(self.folder(id)):
            shutil.rmtree(self.folder(id), ignore_errors=True)

    def sweep(self, now: float | None = None) -> None:
        """Remove what is older than a day or was never completed, then the oldest until the limit is met."""
        now = time.time() if now is None else now
        ages = {path: now - path.stat().st_mtime for path in self._folder.iterdir()}
        sizes = {path: _size(path) for path in ages}
        total = sum(sizes.values())
        for path in sorted(ages, key=lambda path: -ages[path]):
            is_stale = ages[path] > KEEP_SECONDS or (
                ages[path] > HALF_MADE_SECONDS and not (path / FACTS_NAME).exists()
            )
            if (is_stale or total > MOST_BYTES) and _removed(path):
                total -= sizes[path]


def _removed(path: Path) -> bool:
    """Remove a folder unless it is in use; return whether it was removed."""
    with unless_held(path) as is_free:
        if is_free:
            shutil.rmtree(path, ignore_errors=True)
        return is_free


def _size(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file())
