"""Takes in recordings from programs that speak another product's API.

Such programs give up and repeat by themselves, without a sign that it is a repeat. So the same recording with the
same options gets the job that is there already, as long as that waits, runs or has succeeded lately.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.client_request import ClientRequest
from app.domain.errors.clients import IdempotencyKeyReused, QueueFull
from app.domain.options import TranscriptionOptions
from app.domain.sources import Source
from app.domain.states import JobState
from app.domain.transcript import Applied
from app.logging import event
from app.services.clients.following import JobChanges
from app.services.clients.refused_requests import RefusedRequests
from app.services.transcriptions.job_queue import Queue
from app.store.database import Connection, Row
from app.store.files.upload_file import UploadFile
from app.store.queries import client_requests, transcriptions

SOURCES = (Source.OPENAI, Source.ASR, Source.FUNASR)
"""Those whose recordings come in here."""
ANSWERED_AGAIN = timedelta(hours=24)
"""How long after its end a text answers the same request."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a program wants to have done with a recording."""

    options: TranscriptionOptions
    source: Source
    request: ClientRequest
    receipt: tuple[Applied, ...] = ()
    """What of the request is done otherwise than it says."""
    idempotency_key: str = ""
    is_kept: bool = True
    """Whether it stays in the history; otherwise it is removed when it has been answered."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The job that answers a request."""

    id: str
    is_repeat: bool
    """Whether it was there before."""


class ClientRequests:
    """The requests of such programs. Every method may be called from any thread."""

    def __init__(self, queue: Queue, model: Callable[[], str | None], most_waiting: Callable[[], int]) -> None:
        """`model` returns the name of the model in use, None if unknown; `most_waiting` how many jobs may wait."""
        self._queue = queue
        self._model = model
        self._most_waiting = most_waiting
        self.changes = JobChanges(queue)
        """Tells who waits for a job how far that is."""
        self.refused = RefusedRequests(queue.database.folder)

    def admit(self, incoming: UploadFile, wanted: Wanted) -> Admitted:
        """Queue a received recording, or find the job that reads it already.

        Raises:
            EmptyFile, DiskFull, QuotaReached
            QueueFull: too many wait.
            IdempotencyKeyReused: its key came with another request.
        """
        step = _Step(incoming.sha256, wanted, self._model(), self._most_waiting())
        try:
            record = self._queue.submit(incoming, wanted.options, wanted.source, step.store)
        except _SameRequest as same:
            event(_log, logging.INFO, "repeat_attached", job=same.id)
            return Admitted(same.id, is_repeat=True)
        return Admitted(record.id, is_repeat=False)


def request_of(queue: Queue, id: str) -> ClientRequest | None:
    """Return the request that a transcription came with; None if it came in another way."""
    with queue.database.reading() as connection:
        row = client_requests.find(connection, id)
    return ClientRequest.from_dict(row["request"]) if row else None


class _SameRequest(Exception):
    """A job answers this request already."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.id = id


@dataclass(frozen=True, slots=True)
class _Step:
    """What the transaction that queues the recording also does."""

    sha256: str
    wanted: Wanted
    model: str | None
    most_waiting: int

    def store(self, connection: Connection, id: str) -> None:
        since = datetime.now(UTC) - ANSWERED_AGAIN
        if (same := self._of_key(connection, since) or self._of_content(connection, since)) is not None:
            raise _SameRequest(same["id"])
        self._refuse_if_full(connection)
        client_requests.add(
            connection,
            transcription_id=id,
            request=self.wanted.request.to_dict(),
            idempotency_key=_hash(self.wanted.idempotency_key),
            is_kept=self.wanted.is_kept,
        )
        if self.wanted.receipt:
            transcriptions.change(connection, id, receipt=[line.to_dict() for line in self.wanted.receipt])

    def _of_key(self, connection: Connection, since: datetime) -> Row | None:
        key = _hash(self.wanted.idempotency_key)
        same = client_requests.with_key(connection, key, since) if key else None
        if same is None:
            return None
        if not (same["sha256"] == self.sha256 and self._has_same_options(same)):
            raise IdempotencyKeyReused
        return same if same["is_kept"] is self.wanted.is_kept else None

    def _of_content(self, connection: Connection, since: datetime) -> Row | None:
        found = client_requests.with_same_content(connection, self.sha256, since, is_kept=self.wanted.is_kept)
        return next((row for row in found if self._has_same_options(row) and self._is_of_model(row)), None)

    def _has_same_options(self, row: Row) -> bool:
        return bool(row["options"] == _as_stored(self.wanted.options))

    def _is_of_model(self, row: Row) -> bool:
        """Return whether the text is, or will be, that of the model that would read it now."""
        is_settled = row["state"] == JobState.SUCCEEDED and not self.wanted.options.model
        return not is_settled or self.model in (None, row["model"]) or row["model"] is None

    def _refuse_if_full(self, connection: Connection) -> None:
        waiting = client_requests.waiting(connection, SOURCES) - 1  # this one is among them
        if waiting >= self.most_waiting:
            raise QueueFull(waiting=waiting)


def _as_stored(options: TranscriptionOptions) -> Any:
    return json.loads(json.dumps(options.to_dict()))


def _hash(key: str) -> str | None:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest() if key else None
