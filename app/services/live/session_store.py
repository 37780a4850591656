"""Stores live sessions. Each step is one transaction, on disk when it returns.

The transcription of a session runs without a worker. When the session ends, it has succeeded; or, if texts are still
missing, it is queued like any other, and a worker recognises only those.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.atomic import write_atomically
from app.domain.client_request import ClientRequest
from app.domain.errors.live import LiveSessionUnknown, LiveTokenWrong
from app.domain.errors.object_store import StoreUnusable
from app.domain.options import OFF, TranscriptionOptions
from app.domain.sources import Source
from app.domain.states import JobState, LiveState, SegmentState
from app.engine import SAMPLE_RATE
from app.engine.audio.measures import measure
from app.engine.audio.peaks import peaks_of_file
from app.engine.vad.detection import vad_receipt
from app.logging import event
from app.services.live.channels import MONO, Channels
from app.services.live.intake import Stored
from app.services.live.segment_store import LiveSegmentStore
from app.services.live.session_files import SessionFiles
from app.services.people.quotas import check_quotas
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.transitions import cancelled, finished, relabelled, requeued
from app.store.database import Connection, Row
from app.store.files.live_wav import HEADER_BYTES, LiveWav
from app.store.queries import client_requests, edits, live, segments, transcriptions

SUFFIX = ".wav"
HELD = timedelta(seconds=60)
"""A server that has touched a session within this time has it; it does so every quarter of a minute."""
NO_DIGEST = ""  # of a recording that is still growing

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionKey:
    """What a client resumes a session with."""

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))


class LiveSessionStore:
    """The rows and folders of all live sessions."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self._database = queue.database
        self._files = queue.files
        self.is_shared = queue.files.is_shared
        self.segments = LiveSegmentStore(queue.database)

    # Starting and resuming

    def begin(
        self,
        key: SessionKey,
        name: str,
        options: TranscriptionOptions,
        source: Source,
        request: ClientRequest | None = None,
        channels: Channels = MONO,
    ) -> SessionFiles:
        """Create a session with its transcription; return its files.

        Raises:
            DiskFull, DatabaseUnusable, QuotaReached: nothing is left behind.
        """
        transcription = secrets.token_hex(8)
        row = _recording_row(name, options, source, channels)
        lock_fd = self._files.begin_live(transcription, row)
        try:
            fence = 0 if self.is_shared else None
            wav = self._files.live_wav(transcription, SAMPLE_RATE, 0, channels.count, fence)
            with _closed_on_failure(wav):
                self._add(key, transcription, row, options, request, channels)
        except BaseException:
            self._files.take_back(transcription)
            os.close(lock_fd)
            raise
        self._files.acknowledge(transcription)
        return SessionFiles(key.id, transcription, wav, lock_fd, channels, fence)

    def _add(
        self,
        key: SessionKey,
        transcription: str,
        row: Row,
        options: TranscriptionOptions,
        request: ClientRequest | None,
        channels: Channels,
    ) -> None:
        now = row["created_at"]
        with self._database.writing() as connection:
            transcriptions.add(
                connection,
                {
                    "id": transcription,
                    **row,
                    "state": JobState.RUNNING,
                    "stage": "recognizing",
                    "started_at": now,
                    "receipt": [vad_receipt(options.vad).to_dict()],
                },
            )
            check_quotas(connection, row["source"])
            if request:
                kept = {"idempotency_key": None, "is_kept": True}
                client_requests.add(connection, transcription_id=transcription, request=request.to_dict(), **kept)
            session = {"id": key.id, "transcription_id": transcription, "token_hash": _hash(key.token)}
            live.add(
                connection,
                {
                    **session,
                    "state": LiveState.OPEN,
                    "channels": channels.count,
                    "next_chunk": 0,
                    "samples": 0,
                    "created_at": now,
                    "touched_at": now,
                },
            )

    def find(self, id: str, token: str) -> Row:
        """Return the row of a session after checking the client's token.

        Raises:
            LiveSessionUnknown, LiveTokenWrong
        """
        with self._database.reading() as connection:
            row = live.find(connection, id)
        if row is None:
            raise LiveSessionUnknown(id=id[:40])
        if not secrets.compare_digest(row["token_hash"], _hash(token)):
            raise LiveTokenWrong(id=id[:40])
        return row

    def reopen(self, id: str, *, by_client: bool) -> tuple[SessionFiles, TranscriptionOptions, int] | None:
        """Lock an open session; return its files, options and next chunk number.

        None if another process holds it or it has just ended. Its client takes it along to another server; nobody
        else takes it from one that lives.

        Raises:
            DiskFull, StoreUnusable, DatabaseUnusable
        """
        with self._database.reading() as connection:
            row = live.find(connection, id)
        if row and self.is_shared and not by_client and datetime.now(UTC) - row["touched_at"] < HELD:
            return None
        lock_fd = None if row is None else self._files.hold_live(row["transcription_id"])
        if lock_fd is None:
            return None
        try:
            return self._reopened(id, lock_fd)
        except BaseException:
            os.close(lock_fd)
            raise

    def _reopened(self, id: str, lock_fd: int) -> tuple[SessionFiles, TranscriptionOptions, int] | None:
        with self._database.writing() as connection:  # read again: only now can nobody else change it
            fence = live.take_over(connection, id, datetime.now(UTC)) if self.is_shared else None
            row = live.find(connection, id)
            kept = row and transcriptions.row_of(connection, row["transcription_id"])
        if row is None or kept is None or row["state"] != LiveState.OPEN:
            os.close(lock_fd)
            return None
        options = TranscriptionOptions.from_dict(kept["options"])
        channels = Channels(row["channels"], tuple(kept["channel_names"]))
        wav = self._files.live_wav(kept["id"], SAMPLE_RATE, row["samples"], channels.count, fence)
        return SessionFiles(id, kept["id"], wav, lock_fd, channels, fence), options, row["next_chunk"]

    def open_rows(self) -> list[Row]:
        with self._database.reading() as connection:
            return live.open_ones(connection)

    # While it runs

    def store_progress(self, progress: Iterable[tuple[SessionFiles, Stored]]) -> set[str]:
        """Record for several sessions how much of their audio is on disk; return the ids of those taken over elsewhere."""
        now = datetime.now(UTC)
        lost = set()
        with self._database.writing() as connection:
            for place, stored in progress:
                is_held = live.store_progress(
                    connection,
                    place.id,
                    next_chunk=stored.next_chunk,
                    samples=stored.samples,
                    now=now,
                    fence=place.fence,
                )
                if not is_held:
                    lost.add(place.id)
        return lost

    def touch(self, places: Iterable[SessionFiles]) -> None:
        """Record that this server has these sessions, for the others that share the store."""
        with self._database.writing() as connection:
            for place in places:
                live.touch(connection, place.id, datetime.now(UTC), place.fence)

    def change(self, place: SessionFiles, options: TranscriptionOptions) -> None:
        with self._database.writing() as connection:
            place.check(connection)
            transcriptions.change(connection, place.transcription, options=options.to_dict())

    # Its end

    def draw(self, place: SessionFiles) -> None:
        """Store the waveform peaks; a failure does not keep the session from ending."""
        picture = self._files.peaks(place.transcription)
        try:
            peaks = peaks_of_file(place.wav.path, header_bytes=HEADER_BYTES)
            write_atomically(picture, json.dumps(peaks), durable=False)
            self._files.keep_drawn(place.transcription)
        except (OSError, StoreUnusable) as error:
            event(_log, logging.WARNING, "live_not_drawn", reason=error)

    def end(self, place: SessionFiles, state: LiveState, duration: float, size_bytes: int, sha256: str) -> None:
        """End a session and its transcription, which is queued for a worker if texts are missing."""
        id = place.transcription
        described = _described(place) if duration else None
        with self._database.writing() as connection:
            place.check(connection)
            live.end(connection, place.id, state)
            segments.cover_rest(connection, id, duration)
            recording = {"duration": duration, "size_bytes": size_bytes, "sha256": sha256, "recording": described}
            transcriptions.change(connection, id, **recording, **_outcome(connection, id, state))
            _ask_for_speakers(connection, id)
            transcriptions.recount(connection, id)
            is_unwanted = _row(connection, id)["delete_requested"]
        if is_unwanted:
            self.queue.purge(id)
        self._files.settle_live(id)
        self.queue.announce()


@contextmanager
def _closed_on_failure(wav: LiveWav) -> Iterator[None]:
    try:
        yield
    except BaseException:
        wav.close()
        raise


def _recording_row(name: str, options: TranscriptionOptions, source: Source, channels: Channels) -> Row:
    return {
        "name": name,
        "suffix": SUFFIX,
        "size_bytes": 0,
        "sha256": NO_DIGEST,
        "source": source,
        "options": options.to_dict(),
        "channel_names": list(channels.names),
        "created_at": datetime.now(UTC),
    }


def _described(place: SessionFiles) -> dict[str, Any] | None:
    """Return the recording's measurements for the diagnosis, as for an upload; None if it cannot be read."""
    count = place.wav.channels
    try:
        sound = [asdict(measure(place.wav.path, HEADER_BYTES, channel, count)) for channel in range(1, count + 1)]
    except (OSError, ValueError) as error:
        event(_log, logging.WARNING, "live_not_measured", reason=error)
        return None
    facts = {"sample_rate": SAMPLE_RATE, "channels": count, "codec": "pcm_s16le", "container": "wav"}
    return facts | {"bit_rate": SAMPLE_RATE * 16 * count, "channel_levels": [], "sound": sound}


def _outcome(connection: Connection, id: str, state: LiveState) -> Row:
    """Return the final values of the transcription."""
    rows = edits.read(connection, id)
    if state is LiveState.CANCELLED:
        return cancelled(rows)
    if any(row["state"] == SegmentState.PENDING for row in rows):
        return requeued()
    return finished(_row(connection, id), rows)


def _ask_for_speakers(connection: Connection, id: str) -> None:
    """Queue a finished transcription with a text once more if its speakers are to be told apart.

    A change of its own, since the text is complete: this is the end of the job for whoever waits for it.
    """
    row = _row(connection, id)
    has_ended = row["state"] in (JobState.SUCCEEDED, JobState.FAILED)
    if has_ended and row["text"] and row["options"].get("speakers", OFF) != OFF:
        order = transcriptions.next_revision(connection)
        transcriptions.change(connection, id, **relabelled(row), queue_order=order)


def _row(connection: Connection, transcription: str) -> Row:
    row = transcriptions.row_of(connection, transcription)
    assert row is not None  # noqa: S101 - removing a transcription waits for its session
    return row


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
