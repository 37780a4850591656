"""The folders of the recordings: where everything lies, and how nothing is left behind. It knows no rows.

data/incoming/<random>/      a recording that is still arriving, locked by the process that writes it
data/transcriptions/<id>/    source<.ext>, recording.json, peaks.json, job.log; while it is worked on audio.s16, or
                             1-audio.s16 and so on for channels that are read apart; locked while it is live
data/orphans/<id>/           the same, of recordings whose rows are gone: a backup without them was restored, or the
                             database was moved away. `python -m app recover` brings them back
data/tmp/<random>/           what is only there while it is being made (scratch.py)
data/trash/<random>/         a folder that is being removed
data/workers/<id>.lock       locked while that worker lives

recording.json says what the row of a recording said when it came (name, options, moment, checksum). Until the row is
stored it is called arriving.json: nobody was told yet that the recording is here.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.atomic import sync_folder
from app.domain.errors.transcriptions import AudioGone
from app.locks import hold_free, hold_new, is_held, unless_held
from app.store.files.scratch import FOLDER as SCRATCH_FOLDER
from app.store.files.scratch import sweep_scratch
from app.store.files.storage_errors import storage_errors
from app.store.files.upload_file import SOURCE_STEM, UploadFile, link_or_copy
from app.store.files.vad_folders import OF_TRANSCRIPTION, VAD_FOLDER

AUDIO_NAME = "audio.s16"
PEAKS_NAME = "peaks.json"
ORPHANS_FOLDER = "orphans"
ARRIVING_NAME = "arriving.json"
RECORDING_NAME = "recording.json"


@dataclass(frozen=True, slots=True)
class Swept:
    """The ids of folders without a row."""

    unfinished: list[str]
    """Nobody was told that they are here: they were removed."""
    orphans: list[str]
    """Their rows are gone: they were moved to data/orphans."""


class Files:
    """The folders under the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._incoming = data_dir / "incoming"
        self._transcriptions = data_dir / "transcriptions"
        self._trash = data_dir / "trash"
        self._workers = data_dir / "workers"
        self._orphans = data_dir / ORPHANS_FOLDER
        self._analyses = data_dir / VAD_FOLDER
        for folder in (self._incoming, self._transcriptions, self._trash, self._workers, data_dir / SCRATCH_FOLDER):
            folder.mkdir(parents=True, exist_ok=True)
        sync_folder(data_dir)

    def receive(self, name: str, limit_bytes: int) -> UploadFile:
        """Open a file for an upload; unless it is settled inside the block, nothing of it stays.

        Raises:
            DiskFull: there is no room for it.
        """
        return UploadFile(self._incoming / secrets.token_hex(8), name, limit_bytes)

    def move_into_place(self, incoming: UploadFile, id: str, row: Mapping[str, Any]) -> None:
        """Make a received file the recording of transcription `id`, durably; `acknowledge` it when the row is stored.

        Raises:
            DiskFull: there is no room for it.
        """
        with storage_errors(self._incoming):
            _describe(incoming.folder, row)
        incoming.move_into_place(self.folder(id))

    def acknowledge(self, id: str) -> None:
        """Note that the row of a recording is stored; what fails here is made good by the next sweep."""
        with suppress(OSError):
            (self.folder(id) / ARRIVING_NAME).rename(self.folder(id) / RECORDING_NAME)

    @contextmanager
    def link_into_place(self, source: Path, id: str, row: Mapping[str, Any]) -> Iterator[None]:
        """Give the recording `source` to transcription `id` too, durably; nobody sweeps it inside the block.

        It is another name of the same bytes, which nothing ever changes; a copy where the disk has no such names.

        Raises:
            DiskFull: there is no room for it.
        """
        folder = self._incoming / secrets.token_hex(8)
        lock = None
        try:
            with storage_errors(self._incoming):
                lock = hold_new(folder, folder=True)
                link_or_copy(source, folder / source.name)
                _describe(folder, row)
                sync_folder(folder)
                folder.rename(self.folder(id))
                sync_folder(self._transcriptions)
            yield
            self.acknowledge(id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if lock is not None:
                os.close(lock)

    def begin_live(self, id: str, row: Mapping[str, Any]) -> int:
        """Make the folder of a live transcription; it is held until the returned descriptor is closed.

        `acknowledge` it when the row is stored.

        Raises:
            DiskFull: there is no room for it.
        """
        with storage_errors(self._transcriptions):
            arriving = self._incoming / id  # held before it is where a sweep looks for leftovers
            lock_fd = hold_new(arriving, folder=True)
            try:
                _describe(arriving, row)
                arriving.rename(self.folder(id))
                sync_folder(self._transcriptions)
            except OSError:
                shutil.rmtree(arriving, ignore_errors=True)
                os.close(lock_fd)
                raise
            return lock_fd

    def hold_live(self, id: str) -> int | None:
        """Hold the folder of a live transcription; None where another process does, or it is not there."""
        return hold_free(self.folder(id))

    def folder(self, id: str) -> Path:
        return self._transcriptions / id

    def source(self, id: str, suffix: str) -> Path:
        """Return the recording as it was sent.

        Raises:
            AudioGone: it is not there any more.
        """
        path = self.folder(id) / f"{SOURCE_STEM}{suffix}"
        if not path.is_file():
            raise AudioGone
        return path

    def audio(self, id: str) -> Path:
        """Where the samples lie while a job is worked on; what lies there is complete."""
        return self.folder(id) / AUDIO_NAME

    def has_audio(self, id: str) -> bool:
        """Return whether the samples are there: of the mix, or of the channels, of which the first comes last."""
        audio = self.audio(id)
        return audio.exists() or audio.with_name(f"1-{AUDIO_NAME}").exists()

    def peaks(self, id: str) -> Path:
        return self.folder(id) / PEAKS_NAME

    def drop_audio(self, id: str) -> None:
        """Remove the samples and what is half-made: the recording is kept, and they can be made again."""
        for path in (*self.folder(id).glob(f"*{AUDIO_NAME}"), *self.folder(id).glob("*.part")):
            path.unlink(missing_ok=True)

    def remove(self, id: str) -> None:
        """Remove the folder of a transcription at once, and its samples that an analysis of its speech has kept.

        Nobody finds a folder half-empty.
        """
        for folder in (self.folder(id), self._analyses / f"{OF_TRANSCRIPTION}{id}"):
            away = self._trash / secrets.token_hex(8)
            with suppress(FileNotFoundError):
                folder.rename(away)
            shutil.rmtree(away, ignore_errors=True)  # what resists is swept at the next start

    def hold_worker(self, id: str) -> int:
        """Announce a living worker; it lives until the returned descriptor is closed."""
        return hold_new(self._worker(id))

    def is_worker_alive(self, id: str) -> bool:
        return is_held(self._worker(id))

    def forget_worker(self, id: str) -> None:
        self._worker(id).unlink(missing_ok=True)

    def sweep(self, is_known: Callable[[str], bool]) -> Swept:
        """Remove what processes that died have left. What somebody was told is here is never removed.

        A folder without a row is an upload whose process died before the row was stored, or its row is gone.
        """
        sweep_scratch(self._data_dir)
        for path in (*self._incoming.iterdir(), *self._trash.iterdir()):
            _remove_unless_held(path)
        for path in self._workers.iterdir():
            _remove_unless_held(path)
        # Whether somebody holds it must be asked first: a row that is missing then will never come.
        free = [path.name for path in self._transcriptions.iterdir() if not is_held(path)]
        unknown = [id for id in free if not is_known(id)]
        for id in set(free).difference(unknown):
            self.acknowledge(id)
        orphans = [id for id in unknown if self._was_acknowledged(id)]
        unfinished = [id for id in unknown if id not in orphans]
        for id in orphans:
            self._part_with(id)
        for id in unfinished:
            self.remove(id)
        return Swept(unfinished, orphans)

    def orphans(self) -> list[str]:
        """Return the ids of recordings whose rows are gone."""
        return sorted(path.name for path in self._orphans.iterdir()) if self._orphans.is_dir() else []

    @contextmanager
    def adopting(self, id: str) -> Iterator[Path]:
        """Take a folder back from the orphans; nobody sweeps it inside the block, in which its row is stored.

        Where the block fails, it lies among the orphans again.

        Raises:
            FileNotFoundError: it is not among them, or another process takes it.
            FileExistsError: there is a folder of this transcription.
        """
        lock = hold_free(self._orphans / id)
        if lock is None:
            raise FileNotFoundError(id)
        try:
            if self.folder(id).exists():
                raise FileExistsError(id)
            (self._orphans / id).rename(self.folder(id))
            sync_folder(self._transcriptions)
            try:
                yield self.folder(id)
            except BaseException:
                self.folder(id).rename(self._orphans / id)
                raise
        finally:
            os.close(lock)

    def _was_acknowledged(self, id: str) -> bool:
        folder = self.folder(id)
        return not (folder / ARRIVING_NAME).exists() and any(folder.glob(f"{SOURCE_STEM}*"))

    def _part_with(self, id: str) -> None:
        """Move the folder of a recording to the orphans; the place of one that is there already is not taken."""
        self.drop_audio(id)
        self._orphans.mkdir(exist_ok=True)
        with suppress(OSError):
            self.folder(id).rename(self._orphans / id)
        sync_folder(self._orphans)

    def _worker(self, id: str) -> Path:
        return self._workers / f"{id}.lock"


def _describe(folder: Path, row: Mapping[str, Any]) -> None:
    (folder / ARRIVING_NAME).write_text(json.dumps(row, ensure_ascii=False, default=str), encoding="utf-8")


def described(folder: Path) -> dict[str, Any]:
    """Return what the row of a recording said when it came; nothing where no usable description lies in `folder`."""
    try:
        found = json.loads((folder / RECORDING_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remove_unless_held(path: Path) -> None:
    with unless_held(path) as is_free:
        if not is_free:
            return
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
