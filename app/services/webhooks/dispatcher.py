"""Turns what happened into messages, and delivers them: one process at a time, with growing pauses for a day.

Signed as Standard Webhooks 1.0 says (https://www.standardwebhooks.com).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from standardwebhooks import Webhook as Signer

from app import PROGRAM, __version__
from app.domain.addresses import Networks
from app.domain.errors.base import AppError
from app.domain.states import JobState
from app.domain.webhooks import EVENT_OF_STATE, PAUSES, DeliveryState, WebhookEvent, message
from app.logging import event
from app.periodic import Periodic
from app.services.webhooks.receivers import Unreachable, post, target_of
from app.services.webhooks.webhooks import new_delivery
from app.store.database import Connection, Database, Row
from app.store.queries import batches, transcriptions, webhooks

TASK = "webhooks"  # one process delivers for all that share the database
LOOK_SECONDS = 1.0
NOTES_AT_ONCE = 100
SENT_AT_ONCE = 20
TRIED_AT_ONCE = 8
KEEP = timedelta(days=30)
SPREAD = 0.1  # of a pause, so that a receiver that comes back is not asked for everything at one moment

_log = logging.getLogger(__name__)


class Dispatcher:
    """Delivers the messages of one database during `running`.

    Args:
        database: holds what happened, and the deliveries.
        allowed: returns the networks that are not public and may be receivers.
        own_secret: returns the secret for receivers that an upload named.
        pauses: between the attempts of a delivery.
    """

    def __init__(
        self,
        database: Database,
        allowed: Callable[[], Networks],
        own_secret: Callable[[], str],
        pauses: tuple[timedelta, ...] = PAUSES,
    ) -> None:
        self._database = database
        self._allowed = allowed
        self._own_secret = own_secret
        self._pauses = pauses

    @contextmanager
    def running(self) -> Iterator[None]:
        with Periodic("webhooks", self.step, LOOK_SECONDS).running():
            yield

    def step(self) -> None:
        """Write the messages about what happened, and send those that are due, unless another process does."""
        with self._database.alone_with(TASK) as is_alone:
            if is_alone:
                self._deliver()

    def _deliver(self) -> None:
        while self._write_messages():
            pass
        with ThreadPoolExecutor(TRIED_AT_ONCE, "webhook") as tries:  # one that hangs delays few others
            list(tries.map(self._attempt, self._due()))

    # Messages

    def _write_messages(self) -> bool:
        """Turn some of what happened into deliveries, in one transaction; return whether there may be more."""
        with self._database.reading() as connection:
            if not webhooks.has_notes(connection):
                return False
        with self._database.writing() as connection:
            notes = webhooks.notes(connection, NOTES_AT_ONCE)
            _tell_of_transcriptions(connection, [note for note in notes if note["transcription_id"]])
            for note in notes:
                if note["batch_id"]:
                    _tell_of_batch(connection, note["batch_id"], note["at"])
            webhooks.forget_notes(connection, [note["number"] for note in notes])
            webhooks.forget_deliveries(connection, datetime.now(UTC) - KEEP)
        return len(notes) == NOTES_AT_ONCE

    # Sending

    def _due(self) -> list[Row]:
        with self._database.reading() as connection:
            return webhooks.due(connection, datetime.now(UTC), SENT_AT_ONCE)

    def _attempt(self, delivery: Row) -> None:
        status, problem = self._sent(delivery)
        with self._database.writing() as connection:
            values = self._after(delivery, status, problem)
            webhooks.change_delivery(connection, delivery["id"], **values)
        level = logging.INFO if values["state"] is DeliveryState.DELIVERED else logging.WARNING
        event(
            _log,
            level,
            "webhook_sent",
            message=delivery["id"],
            attempt=values["attempts"],
            status=status,
            state=values["state"].value,
        )

    def _sent(self, delivery: Row) -> tuple[int | None, str]:
        """Send a message; return the status of the answer, and the problem if it is not delivered."""
        try:
            secret = self._secret_of(delivery)
            target = target_of(delivery["url"], self._allowed())
            body = delivery["payload"].encode()
            status = post(target, body, signed_headers(secret, delivery["id"], delivery["payload"]))
        except Unreachable as error:
            return None, str(error)
        except AppError as error:
            return None, error.problem.explained()["message"]
        return status, "" if status // 100 == 2 else f"HTTP {status}"

    def _secret_of(self, delivery: Row) -> str:
        if delivery["webhook_id"] is None:
            return self._own_secret()
        with self._database.reading() as connection:
            row = webhooks.find(connection, delivery["webhook_id"])
        return row["secret"] if row else self._own_secret()

    def _after(self, delivery: Row, status: int | None, problem: str) -> Row:
        """Return the values of a delivery after an attempt."""
        attempts = delivery["attempts"] + 1
        state, next_at = DeliveryState.DELIVERED, None
        if problem:
            is_over = attempts > len(self._pauses) or status == HTTPStatus.GONE
            state = DeliveryState.FAILED if is_over else DeliveryState.WAITING
            next_at = None if is_over else datetime.now(UTC) + _spread(self._pauses[attempts - 1])
        return {"state": state, "attempts": attempts, "next_at": next_at, "status": status, "problem": problem[:500]}


def signed_headers(secret: str, id: str, payload: str) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "content-type": "application/json",
        "user-agent": f"{PROGRAM}/{__version__}",
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(secret).sign(id, now, payload),
    }


def _spread(pause: timedelta) -> timedelta:
    return pause * random.uniform(1 - SPREAD, 1 + SPREAD)


def _tell_of_transcriptions(connection: Connection, notes: list[Row]) -> None:
    ids = [note["transcription_id"] for note in notes]
    named = webhooks.named_receivers(connection, ids)
    of_batch = webhooks.batches_of(connection, ids)
    for note in notes:
        id = note["transcription_id"]
        row = transcriptions.find(connection, id)
        if row is None:  # deleted for good meanwhile
            continue
        kind = EVENT_OF_STATE[JobState(note["state"])]
        payload = message(kind, note["at"], _told(row, note["state"], of_batch.get(id)))
        _address(connection, kind, payload, row["api_key"])
        if id in named:
            webhooks.add_delivery(connection, **new_delivery(kind, named[id], None, payload, datetime.now(UTC)))


def _told(row: Row, state: str, batch: str | None) -> dict[str, Any]:
    """Return what a message says about a transcription: never what was said in it."""
    error = row["error"] or {}
    return {
        "id": row["id"],
        "name": row["name"],
        "state": state,
        "duration": row["duration"],
        "language": row["language"],
        "source": row["source"],
        "batch": batch,
        "error": error.get("code") if state == JobState.FAILED else None,
        "path": f"/api/v1/transcriptions/{row['id']}",
    }


def _tell_of_batch(connection: Connection, batch: str, at: datetime) -> None:
    """Write the message about a batch if all of it has ended."""
    counts = webhooks.batch_counts(connection, batch)
    row = batches.find(connection, batch)
    if row is None or webhooks.is_unfinished(counts):
        return
    told = {"id": batch, "name": row["name"], "counts": counts, "path": f"/api/v1/batches/{batch}"}
    _address(connection, WebhookEvent.BATCH_FINISHED, message(WebhookEvent.BATCH_FINISHED, at, told))


def _address(connection: Connection, kind: WebhookEvent, payload: str, api_key: str | None = None) -> None:
    """Store a delivery for every webhook that wants this event; those of a key hear of its recordings alone."""
    for row in webhooks.everything(connection):
        if kind.value in row["events"] and row["api_key"] in (None, api_key):
            values = new_delivery(kind, row["url"], row["id"], payload, datetime.now(UTC))
            webhooks.add_delivery(connection, **values)
