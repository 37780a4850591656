"""The durable queue as the web and the command line see it: submit, follow, read and manage recordings.

What `submit` returns is on disk. The worker's side is in job_store.py.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from threading import Condition
from typing import TypeAlias

from app.domain.edits import edit_from, overlaid
from app.domain.errors.transcriptions import NotCancellable, NotFinished, NotRetriable
from app.domain.errors.uploads import EmptyFile
from app.domain.options import TranscriptionOptions
from app.domain.speakers import Speakers
from app.domain.states import JobState, Rank
from app.domain.transcript import Segment, Transcript
from app.domain.transcription import SegmentRecord, Transcription, TranscriptionPage
from app.logging import event
from app.services.people.quotas import check_quotas
from app.services.transcription_rows import found, own_row
from app.services.transcriptions.assembly import assembled
from app.services.transcriptions.recordings import Recordings
from app.services.transcriptions.transitions import cancelled, retried
from app.store.database import Connection, Database, Row
from app.store.files.recordings import Files
from app.store.files.upload_file import UploadFile
from app.store.queries import diarizations, edits, history, segments, transcriptions, trash
from app.store.queries.history_filter import HistoryFilter
from app.store.rows import new_row, segment_from, transcription_from
from app.store.sqlite.snapshot import forget_in_copies

_log = logging.getLogger(__name__)

TOLD_SECONDS = 2.0  # between two looks for work where the database tells of it
AT_FIRST = {"state": JobState.QUEUED, "stage": "queued"}
Beside: TypeAlias = Callable[[Connection, str], None]
"""Stores something in the same transaction as the new transcription with this id."""


class Queue(Recordings):
    """All transcriptions. Every method may be called from any thread.

    All of them may raise DatabaseUnusable, and those that change something DiskFull.
    """

    def __init__(self, database: Database, files: Files) -> None:
        super().__init__(database, files)
        self._arrival = Condition()

    # Submitting

    def receive(self, name: str, limit_bytes: int) -> AbstractContextManager[UploadFile]:
        """Open a file for an upload. Call `submit` inside the block; otherwise the file is removed on exit.

        Raises:
            UploadTooLarge, DiskFull: by `write`.
        """
        return self.files.receive(name.encode(errors="replace").decode(), limit_bytes)

    def submit(
        self, incoming: UploadFile, options: TranscriptionOptions, source: str, beside: Beside | None = None
    ) -> Transcription:
        """Queue a received recording. When this returns, a power cut cannot lose it.

        `beside` runs in the same transaction; if it raises, nothing of the recording is left behind.

        Raises:
            EmptyFile: nothing was received.
            DiskFull, QuotaReached: nothing of it is left behind.
        """
        if not incoming.size_bytes:
            raise EmptyFile(name=incoming.name)
        id = secrets.token_hex(8)
        row = new_row(incoming, options, source)
        self.files.move_into_place(incoming, id, row)
        try:
            self._add(id, row, beside)
        except BaseException:
            self.files.take_back(id)
            raise
        self.files.acknowledge(id)
        event(_log, logging.INFO, "job_submitted", job=id, name=incoming.name, bytes=incoming.size_bytes)
        self.announce()
        return self.get(id)

    def _add(self, id: str, row: Row, beside: Beside | None) -> None:
        with self.database.writing() as connection:
            transcriptions.add(connection, {"id": id, **row, **AT_FIRST})
            if beside:
                beside(connection, id)
            check_quotas(connection, row["source"])

    # Reading

    def segments(self, id: str, *, with_words: bool = True) -> list[SegmentRecord]:
        """Return the segments in time order; none before the recording has been decoded.

        Raises:
            TranscriptionNotFound
        """
        with self.database.reading() as connection:
            found(connection, id)
            return [segment_from(row) for row in segments.of(connection, id, with_words=with_words)]

    def some_segments(self, id: str, first: int, last: int) -> list[SegmentRecord]:
        """Return the segments from `first` to `last` with their words.

        Raises:
            TranscriptionNotFound
        """
        with self.database.reading() as connection:
            found(connection, id)
            return [segment_from(row) for row in segments.between(connection, id, first, last)]

    def transcript(self, id: str, translate: Callable[[str], str] = str, *, original: bool = False) -> Transcript:
        """Return the text as people read it, also for a job that failed or was cancelled half-way.

        `original` returns the recognised text without manual edits. Channels are named in the language of `translate`.

        Raises:
            TranscriptionNotFound
            NotFinished: the job has not ended, or ended without any text.
        """
        record = self.get(id)
        recognised = self.segments(id)
        heard = tuple(segment for segment in recognised if segment.text)
        if not record.has_ended or not (heard or record.is_exportable):
            raise NotFinished(state=record.state.value)
        speakers, shown = self.speakers(id), heard if original else tuple(self._read(id, recognised))
        return assembled(record, heard, shown, speakers, translate)

    def speakers(self, id: str) -> Speakers:
        """Return who spoke when; without turns if speakers were not told apart."""
        with self.database.reading() as connection:
            return diarizations.of(connection, id)

    def _read(self, id: str, recognised: list[SegmentRecord]) -> Iterator[Segment]:
        """Yield the edited segments that have text."""
        with self.database.reading() as connection:
            by_hand = [edit_from(row) for row in edits.of(connection, id)]
        return (segment for segment in overlaid(recognised, by_hand) if segment.text)

    def search(
        self, query: str = "", state: JobState | None = None, limit: int = 50, offset: int = 0
    ) -> TranscriptionPage:
        """Return transcriptions whose name or text holds every word of `query`, newest first.

        Their texts are truncated; the total of a search may be a lower bound (see history.py).
        """
        wanted = HistoryFilter(query=query, state=state)
        with self.database.reading() as connection:
            found = history.page(connection, wanted, limit, offset=offset)
            total = history.count(connection, wanted) if found.total is None else found.total
            return TranscriptionPage([transcription_from(row) for row in found.rows], total)

    def counts(self) -> dict[JobState, int]:
        with self.database.reading() as connection:
            return {state: history.count(connection, HistoryFilter(state=state)) for state in JobState}

    def revision(self) -> int:
        """Return the number of the last change; cheap enough to poll a few times a second."""
        told = self.database.told_revision
        if told is not None:
            return told
        with self.database.reading() as connection:
            return transcriptions.current_revision(connection)

    def changed_since(self, revision: int, limit: int | None = None, after: str = "") -> list[Transcription]:
        """Return what changed after `revision` and still exists, oldest change first; at most `limit`."""
        with self.database.reading() as connection:
            return [transcription_from(row) for row in transcriptions.changed_since(connection, revision, limit, after)]

    def deleted_between(self, revision: int, until: int) -> list[str]:
        """Return the ids deleted after `revision`, up to `until`; only the last thousand deletions are remembered."""
        with self.database.reading() as connection:
            return transcriptions.deleted_between(connection, revision, until)

    # Changing

    def rename(self, id: str, name: str) -> Transcription:
        """Rename the transcription.

        Raises:
            TranscriptionNotFound
        """
        with self.database.writing() as connection:
            own_row(connection, id)
            transcriptions.change(connection, id, name=name.encode(errors="replace").decode())
        return self.get(id)

    def cancel(self, id: str) -> Transcription:
        """End a waiting job, or ask the worker running it to stop before the next segment.

        Raises:
            TranscriptionNotFound
            NotCancellable: it has already ended.
        """
        with self.database.writing() as connection:
            row = own_row(connection, id)
            if row["state"] == JobState.QUEUED:
                self.end_waiting(connection, id)
                transcriptions.update_positions(connection)
            elif row["state"] == JobState.RUNNING:
                transcriptions.change(connection, id, cancel_requested=True)
            else:
                raise NotCancellable(state=row["state"])
        event(_log, logging.INFO, "job_cancel_requested", job=id)
        return self.get(id)

    def end_waiting(self, connection: Connection, id: str) -> None:
        """Cancel a waiting job, within the caller's transaction: no worker can claim it meanwhile."""
        self.files.drop_audio(id)  # of an earlier worker
        row = transcriptions.row_of(connection, id)
        transcriptions.change(connection, id, **cancelled(edits.read(connection, id), row))

    def retry(self, id: str) -> Transcription:
        """Queue a failed or cancelled job again, behind all others; its finished segments are kept.

        Raises:
            TranscriptionNotFound
            NotRetriable: it is waiting, running or has succeeded.
            AudioGone: its recording is no longer on the disk.
        """
        self.check_source(id)
        with self.database.writing() as connection:
            row = own_row(connection, id)
            if row["state"] not in (JobState.FAILED, JobState.CANCELLED):
                raise NotRetriable(state=row["state"])
            segments.reopen_failed(connection, id)
            transcriptions.recount(connection, id)
            order = transcriptions.next_revision(connection)
            rank = min(row["rank"], Rank.BATCH)  # an explicit retry overrides the pause of a batch
            transcriptions.change(connection, id, **retried(), queue_order=order, rank=rank)
        event(_log, logging.INFO, "job_retried", job=id)
        self.announce()
        return self.get(id)

    def delete(self, id: str) -> None:
        """Move a transcription to the trash, leaving its files untouched. A waiting or running job is cancelled.

        Raises:
            TranscriptionNotFound
        """
        with self.database.writing() as connection:
            own_row(connection, id)
            self.put_in_trash(connection, [id], datetime.now(UTC))
        event(_log, logging.INFO, "job_deleted", job=id)

    def put_in_trash(self, connection: Connection, ids: list[str], now: datetime) -> int:
        """Move those not there yet to the trash; return their number."""
        waiting = trash.waiting_among(connection, ids)
        for id in waiting:
            self.end_waiting(connection, id)
        count = trash.hide(connection, ids, now)
        if waiting:
            transcriptions.update_positions(connection)
        return count

    def purge(self, id: str) -> None:
        """Remove files and row of a transcription that is marked as deleted and held by no worker."""
        self.files.remove(id)
        with self.database.writing() as connection:
            transcriptions.remove(connection, id)
        forget_in_copies(self.database.folder, id)

    # Waiting for work: workers of other processes poll, unless the database tells them

    def announce(self) -> None:
        """Wake the workers of this process."""
        with self._arrival:
            self._arrival.notify_all()

    def wait_for_arrival(self, seconds: float) -> None:
        """Return when something is submitted in this process, or after `seconds`; later where the database tells."""
        with self._arrival:
            self._arrival.wait(seconds if self.database.told_revision is None else TOLD_SECONDS)
