"""Batches: many recordings with one set of options, each an ordinary transcription. Create, follow and control them.

How recordings come in is in uploads.py.
"""

from __future__ import annotations

import itertools
import logging
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.errors.base import N_
from app.domain.errors.batches import BatchNotFound
from app.domain.errors.requests import InvalidParameter
from app.domain.options import TranscriptionOptions
from app.domain.states import DesiredState, ItemState
from app.logging import event
from app.services.batches.ingest import try_again
from app.services.batches.records import Batch, BatchItem, BatchState, batch_from, item_from, tally
from app.services.batches.throughput import ThroughputMeter
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.transitions import cancelled, retried
from app.store.database import Connection, Row
from app.store.files.upload_chunks import UploadFiles
from app.store.queries import batch_items, batches, segments, transcriptions

__all__ = ["Batch", "BatchItem", "BatchPage", "BatchState", "Batches", "ItemPage", "ItemState"]

AT_ONCE = 500  # rows deleted per transaction, so that other writers get their turn

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One page of the batches."""

    items: list[Batch]
    total: int


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One page of a batch's items."""

    items: list[BatchItem]
    total: int


class Batches:
    """All batches. Every method may be called from any thread."""

    def __init__(self, queue: Queue, uploads: UploadFiles) -> None:
        self._queue = queue
        self._database = queue.database
        self._uploads = uploads
        self._paces = ThroughputMeter()

    # Creating and reading

    def create(self, name: str, options: TranscriptionOptions, folder: str | None = None) -> Batch:
        """Create an empty batch; `folder` is the watched folder that feeds it, if any.

        If another batch has the name, a number is added.
        """
        id = secrets.token_hex(8)
        name = name.encode(errors="replace").decode()
        row = {
            "id": id,
            "created_at": datetime.now(UTC),
            "options": options.to_dict(),
            "wish": DesiredState.WORK,
            "folder": folder,
        }
        with self._database.writing() as connection:
            batches.add(connection, row | {"name": _free_name(name, batches.names_like(connection, name))})
        event(_log, logging.INFO, "batch_created", batch=id)
        return self.get(id)

    def get(self, id: str) -> Batch:
        """Return one batch as it is now.

        Raises:
            BatchNotFound
        """
        with self._database.reading() as connection:
            return self._told(connection, [found_batch(connection, id)])[0]

    def of_folder(self, folder: str) -> Batch | None:
        """Return the batch of a watched folder."""
        with self._database.reading() as connection:
            row = batches.watching(connection, folder)
            return self._told(connection, [row])[0] if row else None

    def page(self, limit: int, offset: int = 0) -> BatchPage:
        """Return one page of the batches, newest first."""
        with self._database.reading() as connection:
            rows = batches.newest(connection, limit, offset)
            return BatchPage(self._told(connection, rows), batches.count(connection))

    def newest_ids(self, limit: int) -> set[str]:
        """Return the ids of the newest batches."""
        with self._database.reading() as connection:
            return batches.newest_ids(connection, limit)

    def gone(self, ids: set[str]) -> set[str]:
        """Return those of `ids` that were deleted."""
        with self._database.reading() as connection:
            return ids - batches.among(connection, sorted(ids))

    def changed_since(self, revision: int, limit: int, after: str = "") -> list[Batch]:
        """Return at most `limit` batches that changed after `revision`, oldest change first.

        With `after`, an id, also those of the same revision that follow it.
        """
        with self._database.reading() as connection:
            return self._told(connection, batches.changed_since(connection, revision, limit, after))

    def items(self, id: str, state: ItemState | None, limit: int, offset: int) -> ItemPage:
        """Return one page of a batch's items, in order.

        Raises:
            BatchNotFound
        """
        with self._database.reading() as connection:
            found_batch(connection, id)
            rows = batch_items.page(connection, id, state, limit, offset)
            return ItemPage([item_from(row) for row in rows], batch_items.count(connection, id, state))

    def every_item(self, id: str) -> Iterator[BatchItem]:
        """Yield all items in order; items added meanwhile may be included."""
        last = -1
        while True:
            with self._database.reading() as connection:
                rows = batch_items.positions(connection, id, last, AT_ONCE)
            yield from (item_from(row) for row in rows)
            if len(rows) < AT_ONCE:
                return
            last = rows[-1]["position"]

    # Controlling

    def pause(self, id: str) -> Batch:
        """Pause the batch: waiting jobs stay queued, running ones stop after their current segment.

        Raises:
            BatchNotFound
        """
        return self._wish(id, DesiredState.PAUSE)

    def resume(self, id: str) -> Batch:
        """Resume a paused batch.

        Raises:
            BatchNotFound
        """
        return self._wish(id, DesiredState.WORK)

    def cancel(self, id: str) -> Batch:
        """Cancel waiting and running jobs; finished ones are kept, unfinished uploads are abandoned.

        Raises:
            BatchNotFound
        """
        with self._database.writing() as connection:
            found_batch(connection, id)
            batches.wish(connection, id, DesiredState.CANCEL)
            given_up = self._end_all(connection, id)
        self._remove_uploads(given_up)
        event(_log, logging.INFO, "batch_cancelled", batch=id)
        return self.get(id)

    def retry(self, id: str) -> Batch:
        """Queue failed and cancelled items again; finished segments are not recognised twice.

        Raises:
            BatchNotFound
        """
        with self._database.writing() as connection:
            found_batch(connection, id)
            for row in batch_items.with_failed_segments(connection, id):
                segments.reopen_failed(connection, row)
                transcriptions.recount(connection, row)
            count = batches.queue_again(connection, id, retried())
            count += batches.keep_going(connection, id)  # retried before the worker released it
            count += try_again(connection, id)
            batches.wish(connection, id, DesiredState.WORK)
        self._paces.forget(id)
        self._queue.announce()
        event(_log, logging.INFO, "batch_retried", batch=id, count=count)
        return self.get(id)

    def order(self, id: str, positions: Sequence[int], before: int | None = None) -> Batch:
        """Move the items at `positions`, in this order, before the one at `before`.

        Without `before` they move to the front of the queue; after the last position, to the end.

        Raises:
            BatchNotFound
            InvalidParameter: there is no such item, or one is named twice.
        """
        with self._database.writing() as connection:
            found_batch(connection, id)
            self._move(connection, id, positions, before)
            batches.order_queue(connection, id)
        return self.get(id)

    def delete(self, id: str) -> None:
        """Delete the batch; its transcriptions go to the trash unless another batch refers to them.

        Raises:
            BatchNotFound
        """
        with self._database.writing() as connection:
            found_batch(connection, id)
            batches.wish(connection, id, DesiredState.DELETE)
            batches.cancel_untouched(connection, id, cancelled([]), spare_shared=True)
            given_up = batch_items.end_uploads(connection, id)
        self._remove_uploads(given_up)
        self._finish_deletion(id)
        event(_log, logging.INFO, "batch_deleted", batch=id)

    def clear_up(self) -> None:
        """Remove leftovers of batches whose deletion a crash interrupted, and batches without recordings."""
        a_day_ago = datetime.now(UTC) - timedelta(days=1)
        with self._database.reading() as connection:
            ids = batches.being_deleted(connection) + batches.empty_batches(connection, a_day_ago)
        for id in ids:
            self._finish_deletion(id)

    # Internal

    def _told(self, connection: Connection, rows: list[Row]) -> list[Batch]:
        totals = batches.totals(connection, [row["id"] for row in rows])
        paces = {id: self._paces.update(id, tally(mine).seconds_done) for id, mine in totals.items()}
        return [batch_from(row, totals[row["id"]], paces[row["id"]]) for row in rows]

    def _wish(self, id: str, wish: DesiredState) -> Batch:
        with self._database.writing() as connection:
            found_batch(connection, id)
            batches.wish(connection, id, wish)
        self._paces.forget(id)
        self._queue.announce()
        event(_log, logging.INFO, "batch_steered", batch=id, wish=wish.value)
        return self.get(id)

    def _end_all(self, connection: Connection, id: str) -> list[str]:
        """Cancel all jobs of the batch; return the abandoned uploads."""
        batches.cancel_untouched(connection, id, cancelled([]))
        for job in batch_items.waiting_jobs(connection, id):  # a worker has already started these
            self._queue.end_waiting(connection, job)
        batches.stop_running(connection, id)
        return batch_items.end_uploads(connection, id)

    def _remove_uploads(self, ids: list[str]) -> None:
        for id in ids:
            self._uploads.remove(id)

    def _finish_deletion(self, id: str) -> None:
        now = datetime.now(UTC)
        while True:
            with self._database.writing() as connection:
                jobs = batches.transcriptions_of(connection, id, AT_ONCE)
                if not jobs:
                    batches.remove(connection, id)
                    return
                self._queue.put_in_trash(connection, jobs, now)

    def _move(self, connection: Connection, id: str, positions: Sequence[int], before: int | None) -> None:
        found = batch_items.ids_at(connection, id, positions)
        if len(found) != len(positions):
            raise InvalidParameter(name="positions", reason=N_("there is no such recording in the batch"))
        moved = [found[position] for position in positions]
        order = batch_items.order(connection, id)
        if before is None:
            before = batch_items.first_waiting(connection, id) or 0
        others = [(each, position) for each, position in order.items() if each not in moved]
        ahead = [each for each, position in others if position < before]
        new = [*ahead, *moved, *(each for each, _ in others[len(ahead) :])]
        changed = {each: place for place, each in enumerate(new) if order[each] != place}
        batch_items.place(connection, changed)


def _free_name(name: str, taken: set[str]) -> str:
    """Return `name`, or the first of `name (2)`, `name (3)` and so on that is not taken."""
    names = itertools.chain([name], (f"{name} ({number})" for number in itertools.count(2)))
    return next(each for each in names if each not in taken)


def found_batch(connection: Connection, id: str) -> Row:
    """Return the row of a batch.

    Raises:
        BatchNotFound
    """
    row = batches.find(connection, id)
    if row is None:
        raise BatchNotFound(id=id)
    return row
