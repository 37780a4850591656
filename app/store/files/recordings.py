"""The folders of the recordings: their layout and cleanup. Knows nothing about rows.

data/incoming/<random>/      a recording being received, locked by the process that writes it
data/transcriptions/<id>/    source<.ext>, recording.json, peaks.json, events.json if sound events were detected, job.log;
                             during processing audio.s16, or 1-audio.s16 and so on by channel; locked while it is live
data/decoded/<id>/           the samples of a finished job (decoded_audio.py)
data/orphans/<id>/           the same, of recordings whose rows are gone: a backup without them was restored, or the
                             database was moved away. `python -m app recover` brings them back
data/tmp/<random>/           what is only there while it is being made (scratch.py)
data/trash/<random>/         a folder that is being removed
data/workers/<id>.lock       locked while that worker lives
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.atomic import sync_folder, write_atomically
from app.domain.errors.base import AppError
from app.domain.errors.transcriptions import AudioGone
from app.domain.speech import SoundEvent
from app.locks import hold_free, hold_new, is_held
from app.logging import JOB_LOG_NAME
from app.store.files.decoded_audio import AUDIO_NAME, DecodedAudio
from app.store.files.description import ARRIVING_NAME, RECORDING_NAME, describe
from app.store.files.live_wav import LiveWav
from app.store.files.scratch import FOLDER as SCRATCH_FOLDER
from app.store.files.scratch import remove_unless_held, sweep_scratch
from app.store.files.storage_errors import storage_errors
from app.store.files.stored_recording import StoredRecording
from app.store.files.swept import Swept
from app.store.files.upload_file import SOURCE_STEM, UploadFile, link_or_copy
from app.store.files.vad_folders import OF_TRANSCRIPTION, VAD_FOLDER
from app.stored_json import read_json

FOLDER = "transcriptions"
LIVE_NAME = f"{SOURCE_STEM}.wav"
PEAKS_NAME = "peaks.json"
EVENTS_NAME = "events.json"
ORPHANS_FOLDER = "orphans"


class Files:
    """The folders under the data folder. StoredFiles (store/objects) has the same in an object store."""

    is_shared = False
    """Whether other servers have them, too: then a fence in the row tells whose a live session is."""

    def __init__(self, data_dir: Path, name: str = FOLDER) -> None:
        self._data_dir = data_dir
        self._incoming = data_dir / "incoming"
        self._transcriptions = data_dir / name
        self._trash = data_dir / "trash"
        self._workers = data_dir / "workers"
        self._orphans = data_dir / ORPHANS_FOLDER
        self._analyses = data_dir / VAD_FOLDER
        self.decoded = DecodedAudio(data_dir)
        for folder in (self._incoming, self._transcriptions, self._trash, self._workers, data_dir / SCRATCH_FOLDER):
            folder.mkdir(parents=True, exist_ok=True)
        sync_folder(data_dir)

    def fault(self) -> AppError | None:
        """Return what keeps the object store from being used; None if nothing does, or there is none."""
        return None

    def receive(self, name: str, limit_bytes: int) -> UploadFile:
        """Open a file for an upload; unless it is moved into place inside the block, nothing is left behind.

        Raises:
            DiskFull: there is no room for it.
        """
        return UploadFile(self._incoming / secrets.token_hex(8), name, limit_bytes)

    def move_into_place(self, incoming: UploadFile, id: str, row: Mapping[str, Any]) -> None:
        """Make a received file the recording of transcription `id`, durably; call `acknowledge` once the row is stored.

        Raises:
            DiskFull: there is no room for it.
        """
        with storage_errors(self._incoming):
            describe(incoming.folder, row)
        incoming.move_into_place(self.folder(id))

    def acknowledge(self, id: str) -> None:
        """Record that the row of a recording is stored; a failure here is repaired by the next sweep."""
        with suppress(OSError):
            (self.folder(id) / ARRIVING_NAME).rename(self.folder(id) / RECORDING_NAME)

    @contextmanager
    def link_into_place(self, first: str, suffix: str, id: str, row: Mapping[str, Any]) -> Iterator[None]:
        """Link the recording of transcription `first` to `id` too, durably; it is not swept inside the block.

        A hard link to the same immutable bytes, or a copy if the file system has no hard links.

        Raises:
            AudioGone: it no longer exists.
            DiskFull: there is no room for it.
        """
        source = self.source(first, suffix)
        folder = self._incoming / secrets.token_hex(8)
        lock = None
        try:
            with storage_errors(self._incoming):
                lock = hold_new(folder, folder=True)
                link_or_copy(source, folder / source.name)
                describe(folder, row)
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
        """Create the folder of a live transcription, locked until the returned descriptor is closed.

        Call `acknowledge` once the row is stored.

        Raises:
            DiskFull: there is no room for it.
        """
        with storage_errors(self._transcriptions):
            arriving = self._incoming / id  # locked before it is where a sweep looks for leftovers
            lock_fd = hold_new(arriving, folder=True)
            try:
                describe(arriving, row)
                arriving.rename(self.folder(id))
                sync_folder(self._transcriptions)
            except OSError:
                for folder in (arriving, self.folder(id)):
                    shutil.rmtree(folder, ignore_errors=True)
                os.close(lock_fd)
                raise
            return lock_fd

    def live_wav(self, id: str, rate: int, samples: int, channels: int, fence: int | None) -> LiveWav:  # noqa: ARG002
        """Open the recording of a live transcription, whose folder is locked, after its first `samples`."""
        return LiveWav(self.folder(id) / LIVE_NAME, rate, samples, channels)

    def settle_live(self, id: str) -> None:
        """Remove what is not needed any more once the recording of a live transcription is complete."""

    def hold_live(self, id: str) -> int | None:
        """Lock the folder of a live transcription; None if another process holds it, or it does not exist."""
        return hold_free(self.folder(id))

    def folder(self, id: str) -> Path:
        return self._transcriptions / id

    def source(self, id: str, suffix: str) -> Path:
        """Return the original recording.

        Raises:
            AudioGone: it no longer exists.
        """
        path = self.folder(id) / f"{SOURCE_STEM}{suffix}"
        if not path.is_file():
            raise AudioGone
        return path

    def check_source(self, id: str, suffix: str) -> None:
        """Raise AudioGone if the original recording no longer exists."""
        self.source(id, suffix)

    def stored(self, id: str, suffix: str) -> StoredRecording | None:  # noqa: ARG002 - of the object store
        """Return the original recording where it lies in an object store; None in a folder, which has `source`.

        Raises:
            AudioGone: it no longer exists.
        """
        return None

    def audio(self, id: str) -> Path:
        """Return the path of the samples during processing; if the file exists, it is complete."""
        return self.folder(id) / AUDIO_NAME

    def has_audio(self, id: str) -> bool:
        """Return whether the samples exist, mixed or per channel; channel 1 is written last."""
        audio = self.audio(id)
        return audio.exists() or audio.with_name(f"1-{AUDIO_NAME}").exists()

    def at_work(self, id: str) -> AbstractContextManager[object]:  # noqa: ARG002
        """Keep what is made of a recording on this disk during the block."""
        return nullcontext()

    def peaks(self, id: str) -> Path:
        """Return where the waveform peaks are written."""
        return self.folder(id) / PEAKS_NAME

    def read_peaks(self, id: str) -> str:
        """Return the stored waveform peaks.

        Raises:
            FileNotFoundError: the recording has not been decoded.
        """
        return self.peaks(id).read_text()

    def keep_drawn(self, id: str) -> None:
        """Store what decoding has drawn, the peaks and the sound events, durably; a folder has them already."""

    def keep_log(self, id: str) -> None:
        """Store the job's own log durably; a folder has it already."""

    def read_log(self, id: str) -> str:
        """Return the job's own log; empty if there is none."""
        try:
            return (self.folder(id) / JOB_LOG_NAME).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def add_events(self, id: str, events: Sequence[SoundEvent]) -> None:
        """Store the sound events of a recording."""
        content = json.dumps([asdict(event) for event in events])
        with storage_errors(self._transcriptions):
            write_atomically(self.folder(id) / EVENTS_NAME, content, durable=False)

    def events(self, id: str) -> list[SoundEvent] | None:
        """Return the stored sound events; None if they were not detected."""
        try:
            stored = read_json(self.folder(id) / EVENTS_NAME)
        except (FileNotFoundError, ValueError):
            return None
        return [SoundEvent.from_dict(each) for each in stored]

    def keep_audio(self, id: str) -> None:
        """Keep the samples of a finished job so that its page can play them, and remove partial files."""
        self.decoded.keep(id, self.folder(id))
        self.drop_audio(id)

    def drop_audio(self, id: str) -> None:
        """Remove the samples and partial files; they can be recreated from the recording."""
        for path in (*self.folder(id).glob(f"*{AUDIO_NAME}"), *self.folder(id).glob("*.part")):
            path.unlink(missing_ok=True)

    def remove(self, id: str) -> None:
        """Remove the folder of a transcription, and its samples kept for playing and by a speech analysis.

        Each folder is removed atomically: it is never seen half-empty.
        """
        self.decoded.remove(id)
        for folder in (self.folder(id), self._analyses / f"{OF_TRANSCRIPTION}{id}"):
            away = self._trash / secrets.token_hex(8)
            with suppress(FileNotFoundError):
                folder.rename(away)
            shutil.rmtree(away, ignore_errors=True)  # what cannot be removed is swept at the next start

    def take_back(self, id: str) -> None:
        """Remove a recording whose row could not be stored; what cannot be removed, a sweep finds."""
        self.remove(id)

    def sweep(self, is_known: Callable[[str], bool]) -> Swept:
        """Remove what dead processes left behind. Acknowledged recordings are never removed.

        A folder without a row is an upload whose process died before storing the row, or its row is gone.
        """
        self._sweep_leftovers()
        free, unknown = self._free_folders(is_known)
        for id in set(free).difference(unknown):
            self.acknowledge(id)
        orphans = [id for id in unknown if self._was_acknowledged(id)]
        unfinished = [id for id in unknown if id not in orphans]
        for id in orphans:
            self._part_with(id)
        for id in unfinished:
            self.remove(id)
        return Swept(unfinished, orphans)

    def _sweep_leftovers(self) -> None:
        sweep_scratch(self._data_dir)
        for path in (*self._incoming.iterdir(), *self._trash.iterdir(), *self._workers.iterdir()):
            remove_unless_held(path)

    def _free_folders(self, is_known: Callable[[str], bool]) -> tuple[list[str], list[str]]:
        """Return the ids of the folders that nobody holds, and of those among them that have no row."""
        # Check the lock first: a row still missing then will never appear.
        free = [path.name for path in self._transcriptions.iterdir() if not is_held(path)]
        return free, [id for id in free if not is_known(id)]

    def find_orphans(self, is_known: Callable[[str], bool]) -> None:
        """Look for recordings whose rows are gone where a sweep does not: it has found those of a folder."""

    def orphans(self) -> list[str]:
        """Return the ids of recordings whose rows are gone."""
        return sorted(path.name for path in self._orphans.iterdir()) if self._orphans.is_dir() else []

    @contextmanager
    def adopting(self, id: str) -> Iterator[Path]:
        """Move a folder back from the orphans; it is not swept inside the block, in which its row is stored.

        If the block fails, it is moved back to the orphans.

        Raises:
            FileNotFoundError: it is not an orphan, or another process is taking it.
            FileExistsError: this transcription already has a folder.
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
        """Move the folder of a recording to the orphans, without replacing an existing one."""
        self.drop_audio(id)
        self._orphans.mkdir(exist_ok=True)
        with suppress(OSError):
            self.folder(id).rename(self._orphans / id)
        sync_folder(self._orphans)
