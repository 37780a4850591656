"""The worker's side of the queue: claim a job, store each finished segment, finish it, and requeue stalled jobs.

Each step is one transaction. A step of a job that this worker no longer holds raises ClaimLost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.domain.errors.base import Problem
from app.domain.options import TranscriptionOptions
from app.domain.speakers.known_voices import KnownVoice, VoiceProposal, counterparts
from app.domain.states import Rank, SegmentState
from app.domain.transcript import Applied, merge_receipts
from app.domain.transcription import SegmentRecord, Transcription
from app.engine.preparation.preparation import Prepared
from app.logging import event
from app.services.inference.segment_queue import Recognised
from app.services.speakers.labelling import Labels
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.segment_store import fail_segment, finish_segment
from app.services.transcriptions.transitions import cancelled, failed, finished, requeued
from app.store.database import Connection, Row
from app.store.queries import diarizations, edits, segments, transcriptions
from app.store.queries.voices import known_voices
from app.store.rows import segment_from, transcription_from

_log = logging.getLogger(__name__)


class ClaimLost(Exception):
    """The job no longer belongs to this worker."""


class JobStore:
    """Queue operations of one running worker."""

    def __init__(self, queue: Queue, worker: str) -> None:
        self._queue = queue
        self._database = queue.database
        self._files = queue.files
        self._locks = queue.database.worker_locks
        self.worker = worker
        """Its id; a new one where its lock was lost: jobs claimed before are not its own then."""

    def claim(self, *, naming_models: bool = True) -> Transcription | None:
        """Claim the longest-waiting job, if any; jobs that name a model only with `naming_models`."""
        with self._database.reading() as connection:
            if not transcriptions.has_waiting(connection, naming_models=naming_models):
                return None
        with self._database.writing() as connection:
            row = transcriptions.claim(
                connection,
                self.worker,
                datetime.now(UTC),
                naming_models=naming_models,
                stage="preparing",
            )
            transcriptions.update_positions(connection)
        return transcription_from(row) if row else None

    def is_cancelled(self, id: str) -> bool:
        """Return whether the job was cancelled, paused or taken away."""
        with self._database.reading() as connection:
            row = transcriptions.held(connection, id, self.worker)
        return row is None or bool(row["cancel_requested"]) or row["rank"] == Rank.HELD

    def source(self, id: str) -> Path:
        """Return the original recording.

        Raises:
            AudioGone: it is not on disk.
        """
        with self._database.reading() as connection:
            row = transcriptions.held(connection, id, self.worker)
        if row is None:
            raise ClaimLost(id)
        return self._files.source(id, row["suffix"])

    def pending(self, id: str) -> list[SegmentRecord]:
        """Return the planned segments that are neither done nor failed."""
        with self._database.reading() as connection:
            rows = segments.of(connection, id)
        return [segment_from(row) for row in rows if row["state"] == SegmentState.PENDING]

    def store_plan(self, id: str, prepared: Prepared) -> None:
        """Store the segmentation, once: finished segments never move."""
        with self._own(id) as (connection, row):
            if row["duration"] is not None:
                return
            segments.add(connection, id, _plan(prepared))
            options = TranscriptionOptions.from_dict(row["options"])
            earlier, reading = map(Applied.from_dict, row["receipt"]), prepared.receipt(options)
            transcriptions.change(
                connection,
                id,
                duration=prepared.facts.duration,
                recording=prepared.described,
                warnings=[each.to_dict() for each in prepared.warnings],
                receipt=[line.to_dict() for line in merge_receipts(earlier, reading)],
            )
            transcriptions.recount(connection, id)

    def begin_recognition(self, id: str) -> None:
        with self._own(id) as (connection, _):
            transcriptions.change(connection, id, stage="recognizing")

    def recognised(self, id: str) -> list[SegmentRecord]:
        """Return the segments of a job without their words."""
        with self._database.reading() as connection:
            return [segment_from(row | {"words": ()}) for row in segments.of(connection, id)]

    def duration(self, id: str) -> float:
        """Return the seconds of a recording whose plan is stored."""
        with self._own(id) as (_, row):
            return float(row["duration"])

    def begin_speakers(self, id: str) -> None:
        with self._own(id) as (connection, _):
            transcriptions.change(connection, id, stage="speakers")

    def store_speakers(self, id: str, labels: Labels) -> None:
        """Store who spoke when, and the line of the receipt."""
        with self._own(id) as (connection, row):
            earlier = [Applied.from_dict(line) for line in row["receipt"] if line["name"] != labels.line.name]
            transcriptions.change(connection, id, receipt=[line.to_dict() for line in (*earlier, labels.line)])
            if labels.turns:
                before = diarizations.of(connection, id).turns
                diarizations.replace(connection, id, labels.model, labels.turns, labels.embeddings)
                known_voices.renumber(connection, id, counterparts(before, labels.turns))

    def known_voices(self, id: str) -> list[KnownVoice]:
        """Return the voices that the owner of a job has remembered."""
        with self._own(id) as (connection, row):
            return known_voices.of_owner(connection, row["owner"])

    def store_proposals(self, id: str, found: Sequence[VoiceProposal]) -> None:
        """Store whom the speakers may be."""
        with self._own(id) as (connection, _):
            known_voices.propose(connection, id, found)

    def finish_segment(self, id: str, index: int, recognised: Recognised, seconds_worked: float) -> None:
        """Store the text of one segment; once this returns, it is never recognised again."""
        with self._own(id) as (connection, row):
            finish_segment(connection, row, index, recognised, seconds_worked)

    def fail_segment(self, id: str, index: int, problem: Problem, seconds_worked: float) -> None:
        """Store why one segment has no text."""
        with self._own(id) as (connection, _):
            fail_segment(connection, id, index, problem, seconds_worked)

    def note_wait(self, id: str, problem: Problem | None) -> None:
        """Store what a job waits for, or that it goes on."""
        with self._own(id) as (connection, _):
            transcriptions.change(connection, id, waits_for=problem and problem.to_dict())

    def note_memory(self, id: str, memory_bytes: int) -> None:
        """Store the peak memory of the process that ran this job alone."""
        with self._own(id) as (connection, _):
            transcriptions.change(connection, id, memory_bytes=memory_bytes)

    def finish(self, id: str) -> Problem | None:
        """Finish a job whose segments have all been tried; return the problem if some failed."""
        self._files.keep_audio(id)
        with self._own(id) as (connection, row):
            values = finished(row, edits.read(connection, id))
            transcriptions.change(connection, id, **values)
        self._purge_if_deleted(row)
        return Problem.from_dict(values["error"]) if values["error"] else None

    def fail(self, id: str, problem: Problem) -> None:
        """Fail a job that cannot continue; its finished segments are kept."""
        self._files.drop_audio(id)
        with self._own(id) as (connection, row):
            transcriptions.change(connection, id, **failed(row, problem, edits.read(connection, id)))
        self._purge_if_deleted(row)

    def release(self, id: str) -> bool:
        """End a cancelled job, or else return it to its place in the queue; finished segments are kept.

        Return whether it has ended.
        """
        with self._own(id) as (connection, row):
            self._requeue(connection, row)
        self._purge_if_deleted(row)
        return bool(row["cancel_requested"])

    def requeue_stalled(self) -> None:
        """Requeue the jobs of dead workers and finish interrupted deletions."""
        with self._database.reading() as connection:
            holders = transcriptions.workers_with_jobs(connection)
            deleted = transcriptions.being_deleted(connection)
        for worker in holders:
            if worker != self.worker and not self._locks.is_alive(worker):
                self._requeue_jobs_of(worker)
        for id in deleted:
            self._queue.purge(id)

    def sweep(self) -> None:
        """Remove files left by dead processes; recordings without a row are put aside."""
        swept = self._files.sweep(self._queue.is_known)
        for id in swept.unfinished:
            event(_log, logging.WARNING, "upload_never_finished", job=id)
        for id in swept.orphans:
            event(_log, logging.WARNING, "recording_without_row", job=id)

    def _requeue_jobs_of(self, worker: str) -> None:
        with self._database.writing() as connection:
            rows = transcriptions.running_of(connection, worker)
            for row in rows:
                self._requeue(connection, row)
        self._locks.forget(worker)
        for row in rows:
            event(_log, logging.WARNING, "job_taken_over", job=row["id"], from_worker=worker)
            self._purge_if_deleted(row)
        self._queue.announce()

    def _requeue(self, connection: Connection, row: Row) -> None:
        """Put a job back in its old place, or end it if that was requested meanwhile."""
        values = requeued()
        if row["cancel_requested"]:
            self._files.drop_audio(row["id"])
            values = cancelled(edits.read(connection, row["id"]), row)
        transcriptions.change(connection, row["id"], **values)

    @contextmanager
    def _own(self, id: str) -> Iterator[tuple[Connection, Row]]:
        """A transaction on a job that this worker still holds."""
        with self._database.writing() as connection:
            row = transcriptions.held(connection, id, self.worker)
            if row is None:
                raise ClaimLost(id)
            yield connection, row

    def _purge_if_deleted(self, row: Row) -> None:
        if row["delete_requested"]:
            self._queue.purge(row["id"])


def _plan(prepared: Prepared) -> Iterator[Row]:
    """Number the spans; each covers the recording from the end of the one before, the last one to the end."""
    covered = 0.0
    for index, span in enumerate(prepared.spans):
        is_last = index == len(prepared.spans) - 1
        end = prepared.facts.duration if is_last else max(covered, span.end)
        yield {
            "index": index,
            "start": span.start,
            "end": span.end,
            "channel": span.channel,
            "covers_seconds": end - covered,
        }
        covered = end
