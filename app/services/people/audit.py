"""The audit trail: who did what to which thing, when and from where; never what is said in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.errors.base import AppError
from app.domain.people import Actor
from app.logging import event
from app.store.database import Database
from app.store.queries import audit

KEPT = timedelta(days=366)
AT_ONCE = 1000  # entries that an export reads at a time
FORGET_EVERY = 1000  # entries after which the oldest are looked for
LONGEST_THING = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did, or was refused."""

    number: int
    at: datetime
    person_id: str | None
    person_name: str
    key_id: str | None
    address: str
    action: str
    """The operation of the API, or the page."""
    thing: str
    """The address it was done at, without its query."""
    status: int
    """HTTP status of the answer."""


class AuditTrail:
    """Every entry. Every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._count = 0

    def record(self, actor: Actor, action: str, thing: str, status: int) -> None:
        """Store that `actor` did something. Where that fails the log says so: what was done is done."""
        try:
            with self._database.writing() as connection:
                audit.add(
                    connection,
                    at=datetime.now(UTC),
                    person_id=actor.person,
                    person_name=actor.name,
                    key_id=actor.key,
                    address=actor.address,
                    action=action[:40],
                    thing=thing[:LONGEST_THING],
                    status=status,
                )
                if self._count % FORGET_EVERY == 0:
                    audit.forget(connection, datetime.now(UTC) - KEPT)
            self._count += 1
        except AppError as error:
            event(_log, logging.ERROR, "audit_failed", action=action, status=status, code=error.code)

    def newest(self, limit: int, before: int | None = None, person: str | None = None) -> list[AuditEntry]:
        """Return the newest entries below the number `before`, of everybody or of one person."""
        with self._database.reading() as connection:
            return [AuditEntry(**row) for row in audit.newest(connection, limit, before, person)]

    def everything(self) -> Iterator[AuditEntry]:
        """Yield all entries, the newest first."""
        before: int | None = None
        while True:
            found = self.newest(AT_ONCE, before)
            yield from found
            if len(found) < AT_ONCE:
                return
            before = found[-1].number
