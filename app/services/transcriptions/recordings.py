"""One transcription and what belongs to it: its recording, picture, sound events and log."""

from __future__ import annotations

import json
from pathlib import Path

from app.domain.errors.transcriptions import NotFinished
from app.domain.speech import SoundEvent
from app.domain.transcription import Transcription
from app.services.transcription_rows import found, refuse_deaf, with_text
from app.store.database import Database
from app.store.files.recordings import Files
from app.store.files.stored_recording import StoredRecording
from app.store.queries import transcriptions
from app.store.rows import transcription_from


class Recordings:
    """Every method may be called from any thread."""

    def __init__(self, database: Database, files: Files) -> None:
        self.database = database
        self.files = files

    def get(self, id: str) -> Transcription:
        """Return one transcription; while running, with the text so far.

        Raises:
            TranscriptionNotFound
        """
        with self.database.reading() as connection:
            return transcription_from(with_text(connection, found(connection, id)))

    def is_known(self, id: str) -> bool:
        """Return whether a transcription has a row, also in the trash."""
        with self.database.reading() as connection:
            return transcriptions.is_known(connection, id)

    def source_path(self, id: str) -> Path:
        """Return the original recording.

        Raises:
            TranscriptionNotFound
            NotPermitted: the text alone is shared with this reader.
            AudioGone: it is no longer on disk.
        """
        return self.files.source(id, self._suffix(id))

    def stored_source(self, id: str) -> StoredRecording | None:
        """Return the original recording where it lies in an object store; None where `source_path` has it at hand.

        Raises:
            TranscriptionNotFound, NotPermitted, AudioGone
        """
        return self.files.stored(id, self._suffix(id))

    def check_source(self, id: str) -> None:
        """Make sure that the original recording is there.

        Raises:
            TranscriptionNotFound, NotPermitted, AudioGone
        """
        self.files.check_source(id, self._suffix(id))

    def _suffix(self, id: str) -> str:
        """Return the ending of a recording that the reader may hear."""
        with self.database.reading() as connection:
            row = found(connection, id)
        refuse_deaf(id)
        return str(row["suffix"])

    def peaks(self, id: str) -> list[list[int]]:
        """Return the waveform peaks: lowest and highest sample of intervals of equal length, -127 to 127.

        Raises:
            TranscriptionNotFound
            NotFinished: the recording has not been decoded.
        """
        record = self.get(id)
        try:
            stored = json.loads(self.files.read_peaks(id))
        except FileNotFoundError:
            raise NotFinished(state=record.state.value) from None
        return [list(pair) for pair in stored]

    def events(self, id: str) -> list[SoundEvent] | None:
        """Return what sounds in the recording, each kind in order of time; None if that was not detected.

        Raises:
            TranscriptionNotFound
        """
        self.get(id)
        return self.files.events(id)

    def log_lines(self, id: str) -> list[str]:
        """Return the lines of the job's own log.

        Raises:
            TranscriptionNotFound
        """
        self.get(id)
        return self.files.read_log(id).splitlines()
