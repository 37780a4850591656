"""Recordings in an object store. Their layout there is that of the data folder; that holds working copies of some.

transcriptions/<id>/    source<.ext>, recording.json, peaks.json, events.json, job.log
arriving/<id>           an upload whose row is not stored yet; empty. Its age tells whether its server still lives: nobody
                        commits a row after half of UNSETTLED
orphans/<id>            a recording whose row is gone, found by `python -m app recover`; empty. The recording stays in place
live/, uploads/         see live_wav.py and uploads.py

An answer is given after the store has confirmed. What a killed server has left in between, a sweep removes as it does in
a folder: an upload without a row was never acknowledged.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.domain.errors.base import N_
from app.domain.errors.object_store import StoreUnreachable, StoreUnusable
from app.domain.errors.transcriptions import AudioGone
from app.domain.speech import SoundEvent
from app.locks import hold_free, shared
from app.logging import JOB_LOG_NAME, event
from app.store.files.description import ARRIVING_NAME, RECORDING_NAME, description
from app.store.files.recordings import EVENTS_NAME, LIVE_NAME, PEAKS_NAME, Files
from app.store.files.recordings import FOLDER as RECORDINGS
from app.store.files.storage_errors import storage_errors
from app.store.files.swept import Swept
from app.store.files.upload_file import SOURCE_STEM, UploadFile
from app.store.objects.bucket import Bucket
from app.store.objects.job_logs import merged
from app.store.objects.live_wav import StoredWav
from app.store.objects.pieces import Pieces
from app.store.objects.probe import store_fault
from app.store.objects.source import StoredSource
from app.store.objects.working_copies import FOLDER, WorkingCopies

ARRIVING = "arriving"
ORPHANS = "orphans"
LIVE = "live"
GROWING_NAME = "growing.wav"
UNSETTLED = timedelta(hours=1)

_log = logging.getLogger(__name__)


class StoredFiles(Files):
    """Recordings in a bucket. Every method may raise StoreUnusable: what it was to do can be tried again."""

    is_shared = True

    def __init__(self, data_dir: Path, bucket: Bucket, copies_bytes: int, *, is_signed: bool = False) -> None:
        super().__init__(data_dir, FOLDER)
        self.bucket = bucket
        self._copies = WorkingCopies(data_dir / FOLDER, copies_bytes)
        self._is_signed = is_signed

    def fault(self) -> StoreUnusable | None:
        """Return what keeps the store from being used; None if nothing does."""
        return store_fault(self.bucket)

    # A new recording

    def move_into_place(self, incoming: UploadFile, id: str, row: Mapping[str, Any]) -> None:
        """Make a received file the recording of transcription `id`: when this returns, the store has confirmed it."""
        super().move_into_place(incoming, id, row)
        try:
            with self._settling(id):
                source = f"{SOURCE_STEM}{incoming.suffix}"
                self.bucket.put_file(_key(id, source), self.folder(id) / source, _attributes(incoming.name))
                self._describe(id)
        except BaseException:
            super().remove(id)
            raise
        self._copies.tidy_soon()

    @contextmanager
    def link_into_place(self, first: str, suffix: str, id: str, row: Mapping[str, Any]) -> Iterator[None]:
        """Copy the recording of transcription `first` within the store."""
        with self._settling(id):
            try:
                self.bucket.copy(_key(first, f"{SOURCE_STEM}{suffix}"), _key(id, f"{SOURCE_STEM}{suffix}"))
            except FileNotFoundError:
                raise AudioGone from None
            self.bucket.put(_key(id, RECORDING_NAME), description(row))
        yield
        self.acknowledge(id)

    def begin_live(self, id: str, row: Mapping[str, Any]) -> int:
        """Create the folder of a live transcription, locked until the returned descriptor is closed."""
        lock_fd = super().begin_live(id, row)
        try:
            with self._settling(id):
                self._describe(id)
        except BaseException:
            super().remove(id)
            os.close(lock_fd)
            raise
        return lock_fd

    def hold_live(self, id: str) -> int | None:
        """Lock the folder of a live transcription on this machine; between servers its row tells whose it is."""
        self.folder(id).mkdir(exist_ok=True)
        return hold_free(self.folder(id))

    def live_wav(self, id: str, rate: int, samples: int, channels: int, fence: int | None) -> StoredWav:
        """Open the recording of a live transcription after its first `samples`, from what is stored of it."""
        path, pieces = self._growing(id), Pieces(self.bucket, f"{LIVE}/{id}")
        return StoredWav(path, rate, samples, channels, pieces, fence or 0, _key(id, LIVE_NAME))

    def settle_live(self, id: str) -> None:
        """Remove the pieces of a recording that is complete; what the store keeps from that, a sweep does."""
        with suppress(StoreUnusable):
            self.bucket.remove_below(f"{LIVE}/{id}")

    def _growing(self, id: str) -> Path:
        """Return the sound of a live session; the file is there as long as this server has it."""
        return self.folder(id) / GROWING_NAME

    def acknowledge(self, id: str) -> None:
        """Record that the row of a recording is stored; a failure here is repaired by a sweep."""
        super().acknowledge(id)
        with suppress(StoreUnusable):
            self.bucket.remove([f"{ARRIVING}/{id}"])

    @contextmanager
    def _settling(self, id: str) -> Iterator[None]:
        """Mark a recording as arriving while the block stores it; its row is committed right after."""
        self.bucket.put(f"{ARRIVING}/{id}", b"")
        began = time.monotonic()
        yield
        if time.monotonic() - began > UNSETTLED.total_seconds() / 2:
            raise StoreUnreachable(place=self.bucket.url, reason=N_("it took too long"))

    def _describe(self, id: str) -> None:
        self.bucket.put(_key(id, RECORDING_NAME), (self.folder(id) / ARRIVING_NAME).read_bytes())

    # Reading

    def source(self, id: str, suffix: str) -> Path:
        """Return a local copy of the original recording; it is loaded if there is none.

        Raises:
            AudioGone: it no longer exists.
            DiskFull: there is no room for a copy.
        """
        growing = self._growing(id)
        return growing if growing.is_file() else self._copy_of(id, f"{SOURCE_STEM}{suffix}")

    def _copy_of(self, id: str, name: str) -> Path:
        path = self.folder(id) / name
        self._copies.note_use(id)
        if path.is_file():
            return path
        with storage_errors(self._transcriptions), self.at_work(id):
            part = path.with_name(f".{name}.{secrets.token_hex(4)}")
            try:
                self.bucket.fetch(_key(id, name), part)
                part.replace(path)
            except FileNotFoundError:
                raise AudioGone from None
            finally:
                part.unlink(missing_ok=True)
        self._copies.tidy_soon()
        return path

    def check_source(self, id: str, suffix: str) -> None:
        """Raise AudioGone if the original recording no longer exists."""
        self.stored(id, suffix)

    def stored(self, id: str, suffix: str) -> StoredSource | None:
        """Return the original recording; None while it is live here.

        Raises:
            AudioGone: it no longer exists.
        """
        facts = self.bucket.facts(_key(id, f"{SOURCE_STEM}{suffix}"))
        if facts:
            return StoredSource(self.bucket, facts, self._is_signed)
        if self._growing(id).is_file():
            return None
        raise AudioGone

    def read_peaks(self, id: str) -> str:
        """Return the stored waveform peaks.

        Raises:
            FileNotFoundError: the recording has not been decoded.
        """
        with suppress(FileNotFoundError):
            return super().read_peaks(id)
        return self.bucket.read(_key(id, PEAKS_NAME)).decode()

    def events(self, id: str) -> list[SoundEvent] | None:
        """Return the stored sound events; None if they were not detected."""
        if (known := super().events(id)) is not None:
            return known
        try:
            stored = json.loads(self.bucket.read(_key(id, EVENTS_NAME)))
        except FileNotFoundError:
            return None
        return [SoundEvent.from_dict(each) for each in stored]

    def read_log(self, id: str) -> str:
        """Return the job's own log, with the lines of other servers."""
        own = super().read_log(id)
        try:
            return merged(self.bucket.read(_key(id, JOB_LOG_NAME)).decode(errors="replace"), own)
        except (FileNotFoundError, StoreUnusable):
            return own

    # While and after a job works

    @contextmanager
    def at_work(self, id: str) -> Iterator[None]:
        """Keep the folder of a recording on this disk during the block."""
        while True:
            self.folder(id).mkdir(exist_ok=True)
            with shared(self.folder(id)) as is_there:
                if is_there:  # nothing has tidied it away meanwhile
                    yield
                    return

    def keep_drawn(self, id: str) -> None:
        """Store the peaks and the sound events."""
        for name in (PEAKS_NAME, EVENTS_NAME):
            if (self.folder(id) / name).exists():
                self.bucket.put(_key(id, name), (self.folder(id) / name).read_bytes())

    def keep_log(self, id: str) -> None:
        """Store the job's own log as far as the store can be reached: it is not worth waiting for."""
        if super().read_log(id):
            with suppress(StoreUnusable):
                self.bucket.put(_key(id, JOB_LOG_NAME), self.read_log(id).encode())

    # Removing

    def remove(self, id: str) -> None:
        """Remove everything of a transcription, here and in the store."""
        super().remove(id)
        self.bucket.remove_below(f"{RECORDINGS}/{id}")
        self.bucket.remove_below(f"{LIVE}/{id}")
        self.bucket.remove([f"{ARRIVING}/{id}", f"{ORPHANS}/{id}"])

    def take_back(self, id: str) -> None:
        """Remove a recording whose row could not be stored; without the store, a sweep does it later."""
        super().remove(id)
        with suppress(StoreUnusable):
            self.remove(id)

    def sweep(self, is_known: Callable[[str], bool]) -> Swept:
        """Remove what dead processes left behind, and copies without a row. Acknowledged recordings are never removed."""
        self._sweep_leftovers()
        free, unknown = self._free_folders(is_known)
        for id in free:
            self._growing(id).unlink(missing_ok=True)  # of a killed server
        for id in unknown:
            super().remove(id)
        self._copies.tidy()
        try:
            self._sweep_live(is_known)
            return Swept(self._sweep_arriving(is_known), [])
        except StoreUnusable as error:  # the next start tries again
            event(_log, logging.WARNING, "store_not_swept", reason=error)
            return Swept([], [])

    def _sweep_arriving(self, is_known: Callable[[str], bool]) -> list[str]:
        """Remove the uploads of servers that have died; return their ids."""
        before = datetime.now(UTC) - UNSETTLED
        left = [each.key.rpartition("/")[2] for each in self.bucket.below(ARRIVING) if each.modified < before]
        unfinished = [id for id in left if not is_known(id)]
        for id in unfinished:
            self.remove(id)
        self.bucket.remove(f"{ARRIVING}/{id}" for id in left if id not in unfinished)
        return unfinished

    def _sweep_live(self, is_known: Callable[[str], bool]) -> None:
        """Remove the pieces of sessions whose recordings are complete, or gone."""
        for id in self.bucket.folders(LIVE):
            if not is_known(id) or self.bucket.facts(_key(id, LIVE_NAME)):
                self.settle_live(id)

    # Recordings whose rows are gone

    def find_orphans(self, is_known: Callable[[str], bool]) -> None:
        """Look through the whole store for recordings whose rows are gone."""
        arriving = {each.key.rpartition("/")[2] for each in self.bucket.below(ARRIVING)}
        for id in self.bucket.folders(RECORDINGS):
            if id not in arriving and not is_known(id):
                self.bucket.put(f"{ORPHANS}/{id}", b"")

    def orphans(self) -> list[str]:
        """Return the ids of recordings whose rows are gone, as far as they were looked for."""
        return sorted(each.key.rpartition("/")[2] for each in self.bucket.below(ORPHANS))

    @contextmanager
    def adopting(self, id: str) -> Iterator[Path]:
        """Yield the folder of an orphan for the block in which its row is stored; if the block fails, it stays one.

        Raises:
            FileNotFoundError: it is not an orphan.
        """
        if id not in self.orphans():
            raise FileNotFoundError(id)
        with self.at_work(id):
            names = [each.key.rpartition("/")[2] for each in self.bucket.below(f"{RECORDINGS}/{id}")]
            for name in names:
                if name.startswith(SOURCE_STEM) or name == RECORDING_NAME:
                    self._copy_of(id, name)
            yield self.folder(id)
        self.bucket.remove([f"{ORPHANS}/{id}"])


def _key(id: str, name: str) -> str:
    return f"{RECORDINGS}/{id}/{name}"


def _attributes(name: str) -> dict[str, str]:
    """Return what a browser is told that loads a recording from the store itself."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
