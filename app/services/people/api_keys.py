"""API keys, with which programs come on behalf of a person."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from app.domain.errors.base import N_
from app.domain.errors.people import KeyNotFound, TooManyKeys
from app.domain.errors.requests import InvalidParameter
from app.domain.people import Permission, Person
from app.logging import event
from app.services.people.logins import hash_of
from app.services.people.people import checked_name, person_from
from app.store.database import Database, Row
from app.store.queries import people

PREFIX = "fa_"
"""By which people and secret scanners recognise a key."""
MOST_KEYS = 50
SHOWN = 10  # characters of a key by which its owner recognises it
USED_EVERY = timedelta(minutes=1)
"""How exactly its last use is stored: each is a write."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key; the secret itself is shown once and not stored."""

    id: str
    name: str
    beginning: str
    scopes: tuple[Permission, ...]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    hours_per_day: float | None = None
    jobs_at_once: int | None = None


class ApiKeys:
    """All keys. Every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        person: str,
        name: str,
        scopes: Sequence[Permission],
        expires_at: datetime | None = None,
        *,
        hours_per_day: float | None = None,
        jobs_at_once: int | None = None,
    ) -> tuple[ApiKey, str]:
        """Return a new key and its secret, which cannot be had again.

        Raises:
            InvalidParameter: no name or scope, or it would have expired.
            TooManyKeys
        """
        now = datetime.now(UTC)
        if not scopes:
            raise InvalidParameter(name="scopes", reason=N_("choose at least one"))
        if expires_at is not None and expires_at <= now:
            raise InvalidParameter(name="expires_at", reason=N_("it is in the past"))
        secret = PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(
            secrets.token_hex(8),
            checked_name(name),
            secret[:SHOWN],
            tuple(dict.fromkeys(scopes)),
            now,
            expires_at,
            None,
            hours_per_day,
            jobs_at_once,
        )
        row = asdict(key) | {
            "person_id": person,
            "hash": hash_of(secret),
            "scopes": [each.value for each in key.scopes],
        }
        with self._database.writing() as connection:
            if len(people.keys_of(connection, person)) >= MOST_KEYS:
                raise TooManyKeys(most=MOST_KEYS)
            people.add_key(connection, **row)
        event(_log, logging.INFO, "api_key_created", key=key.id, person=person)
        return key, secret

    def of(self, person: str) -> list[ApiKey]:
        """Return somebody's keys, oldest first."""
        with self._database.reading() as connection:
            return [_key_from(row) for row in people.keys_of(connection, person)]

    def find(self, secret: str) -> tuple[ApiKey, Person] | None:
        """Return a valid key and whose it is."""
        now = datetime.now(UTC)
        with self._database.reading() as connection:
            row = people.key_with(connection, hash_of(secret), now)
        if row is None or row["person_is_disabled"]:
            return None
        if row["used_at"] is None or row["used_at"] < now - USED_EVERY:
            with self._database.writing() as connection:
                people.touch_key(connection, row["id"], now)
        return _key_from(row), person_from(row, "person_")

    def remove(self, person: str, id: str) -> None:
        """Remove a key of a person; it opens nothing from now on.

        Raises:
            KeyNotFound
        """
        with self._database.writing() as connection:
            row = people.find_key(connection, id)
            if row is None or row["person_id"] != person:
                raise KeyNotFound(id=id)
            people.remove_key(connection, id)
        event(_log, logging.INFO, "api_key_removed", key=id, person=person)


def _key_from(row: Row) -> ApiKey:
    names = ("id", "name", "beginning", "created_at", "expires_at", "used_at", "hours_per_day", "jobs_at_once")
    return ApiKey(**{name: row[name] for name in names}, scopes=tuple(map(Permission, row["scopes"])))
