"""Turns a complete file into a transcription of its batch, or marks it as a duplicate of an existing one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from app.domain.errors.base import Problem
from app.domain.errors.people import QuotaReached
from app.domain.options import TranscriptionOptions
from app.domain.people import acting_as, on_behalf_of
from app.domain.sources import Source
from app.domain.states import DesiredState, ItemState, JobState, Rank
from app.logging import event
from app.services.transcriptions.job_queue import Queue
from app.store.database import Connection, Row
from app.store.files.upload_file import UploadFile
from app.store.queries import batch_items, batches

OF_MANY = frozenset({Source.BATCH, Source.FOLDER, Source.COMPARE})
"""Sources of transcriptions that were not submitted individually: batch, watched folder, model comparison."""

SETTLED = timedelta(minutes=2)
"""How old what is complete has to be at least to be taken in by the importer (SETTLING there)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ingest:
    """Admits files to batches, each in one transaction, so that nothing is duplicated or lost."""

    queue: Queue
    limit_bytes: Callable[[], int]
    model: Callable[[], str | None]
    """The name of the model that a recording would use now; None if unknown."""

    def admit(self, item: Row, fill: Callable[[UploadFile], None]) -> None:
        """Turn what `fill` writes for `item` into a transcription or a duplicate; do nothing if it is no longer wanted.

        Raises:
            EmptyFile, UploadTooLarge, DiskFull, DatabaseUnusable, QuotaReached
            Exception: whatever `fill` raises.
        """
        with self.queue.database.reading() as connection:
            batch = batches.find(connection, item["batch_id"])
        if batch is None:
            return
        with acting_as(on_behalf_of(batch["owner"])):
            self._admit(item, batch, fill)

    def _admit(self, item: Row, batch: Row, fill: Callable[[UploadFile], None]) -> None:
        name = PurePosixPath(item["name"]).name or item["name"]
        options = TranscriptionOptions.from_dict(batch["options"])
        source = Source.FOLDER if batch["folder"] else Source.BATCH
        try:
            with self.queue.receive(name, self.limit_bytes()) as incoming:
                fill(incoming)
                step = _Step(item["id"], incoming.sha256, batch["options"], self.model())
                self.queue.submit(incoming, options, source, step.store)
        except _SameContent as same:
            end_arrival(self.queue, item["id"], state=ItemState.DUPLICATE, duplicate_of=same.id)
            event(_log, logging.INFO, "duplicate_found", item=item["id"], same_as=same.id)
        except QuotaReached as reached:
            hold_back(self.queue, item["id"], reached.problem)
            raise
        except _NotWanted:
            event(_log, logging.INFO, "arrival_not_wanted", item=item["id"])


def hold_back(queue: Queue, id: str, problem: Problem) -> None:
    """Let an item fail for a reason that passes: what arrived is kept, and can be tried again."""
    with queue.database.writing() as connection:
        if batch_items.is_arriving(connection, id):
            values = {"state": ItemState.FAILED, "error": problem.to_dict(), "updated_at": datetime.now(UTC)}
            batch_items.change(connection, id, **values)
    event(_log, logging.WARNING, "arrival_held_back", item=id, error=problem.code)


def try_again(connection: Connection, batch_id: str, id: str | None = None) -> int:
    """Let items of a batch, or one, that were held back arrive once more; return how many."""
    return batch_items.arrive_again(connection, batch_id, datetime.now(UTC) - SETTLED, id)


def end_arrival(queue: Queue, id: str, **values: Any) -> None:
    """Store the outcome of an item's upload or import, if that is still in progress."""
    with queue.database.writing() as connection:
        if batch_items.is_arriving(connection, id):
            batch_items.change(connection, id, **values, origin=None, updated_at=datetime.now(UTC))


class _SameContent(Exception):
    """A transcription of the same content with the same options exists."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.id = id


class _NotWanted(Exception):
    """The item was cancelled or has already been admitted."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What the transaction that queues the transcription also stores."""

    item: str
    sha256: str
    options: dict[str, Any]
    model: str | None

    def store(self, connection: Connection, id: str) -> None:
        row = batch_items.find(connection, self.item)
        batch = batches.find(connection, row["batch_id"]) if row else None
        if row is None or batch is None or row["state"] != ItemState.UPLOADING:
            raise _NotWanted
        for same_content in batches.with_same_content(connection, self.sha256, id):
            if self._is_same(same_content):
                raise _SameContent(same_content["id"])
        batches.rank(connection, id, Rank.HELD if batch["wish"] == DesiredState.PAUSE else Rank.BATCH)
        values = {"state": ItemState.QUEUED, "transcription_id": id, "origin": None}
        received = {"received_bytes": row["size_bytes"], "updated_at": datetime.now(UTC)}
        batch_items.change(connection, self.item, **values, **received)

    def _is_same(self, same_content: Row) -> bool:
        """Return whether model and options match too; otherwise it is a different text."""
        is_of_model = same_content["state"] != JobState.SUCCEEDED or self.model in (
            None,
            same_content["model"],
        )
        return is_of_model and same_content["options"] == self.options
