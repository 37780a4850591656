"""Accounts: who may use the server, as what, and what becomes of their things."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain.errors.base import N_
from app.domain.errors.people import LastAdministrator, NameTaken, PersonNotFound
from app.domain.errors.requests import InvalidParameter
from app.domain.people import Person, Role
from app.logging import event
from app.services.people.passwords import check_password, hash_password
from app.store.database import Connection, Database, Row
from app.store.queries import people
from app.store.queries.voices import known_voices

LONGEST_NAME = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of somebody is stored; what is said in it does not show."""

    recordings: int = 0
    seconds: float = 0.0
    size_bytes: int = 0
    busy: int = 0
    """Recordings that wait or run."""
    voices: int = 0
    """Known voices."""


class People:
    """All accounts. Every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.knows_somebody = False
        """Whether an account was seen; nobody removes the last one."""

    def is_anybody(self) -> bool:
        """Return whether there is an account."""
        if not self.knows_somebody:
            with self._database.reading() as connection:
                self.knows_somebody = people.is_anybody(connection)
        return self.knows_somebody

    def everybody(self) -> list[tuple[Person, Usage]]:
        """Return all people by name, and what they have stored."""
        with self._database.reading() as connection:
            used, voices = people.usage(connection), known_voices.counts(connection)
            rows = people.everybody(connection)
        return [(person_from(row), _usage(used.get(row["id"]), voices.get(row["id"], 0))) for row in rows]

    def administrators(self) -> list[Person]:
        """Return those who can administer now, the first one first."""
        with self._database.reading() as connection:
            return [person_from(row) for row in people.administrators(connection)]

    def usage_of(self, id: str) -> Usage:
        """Return what somebody has stored."""
        with self._database.reading() as connection:
            return _usage(people.usage(connection, id).get(id), known_voices.counts(connection).get(id, 0))

    def get(self, id: str) -> Person:
        """Return one person.

        Raises:
            PersonNotFound
        """
        with self._database.reading() as connection:
            return person_from(_found(connection, id))

    def add(
        self,
        name: str,
        role: Role,
        *,
        password: str | None = None,
        groups: Sequence[str] = (),
        subject: str | None = None,
    ) -> Person:
        """Add a person. What belongs to nobody becomes that of the first administrator.

        Raises:
            InvalidParameter: the name is empty or too long.
            NameTaken, WeakPassword, DiskFull
        LastAdministrator: the first person has to be one.
        """
        name = checked_name(name)
        if password is not None:
            check_password(password, name)
        row = {
            "id": secrets.token_hex(8),
            "name": name,
            "role": role.value,
            "groups": list(groups),
            "password": None if password is None else hash_password(password),
            "subject": subject,
            "created_at": datetime.now(UTC),
        }
        with self._database.writing() as connection:
            if people.called(connection, name):
                raise NameTaken(name=name)
            people.add(connection, **row)
            _refuse_without_administrator(connection)
            _adopt(connection)
        self.knows_somebody = True
        event(_log, logging.INFO, "person_added", person=row["id"], role=role.value)
        return self.get(str(row["id"]))

    def change(self, id: str, **values: Any) -> Person:
        """Set name, role, groups, is_disabled, hours_per_day or jobs_at_once.

        Raises:
            PersonNotFound, NameTaken
            LastAdministrator: nobody would be left who can administer.
            InvalidParameter: the name is empty or too long.
        """
        if "name" in values:
            values["name"] = checked_name(values["name"])
        with self._database.writing() as connection:
            _found(connection, id)
            if "name" in values:
                same = people.called(connection, values["name"])
                if same and same["id"] != id:
                    raise NameTaken(name=values["name"])
            people.change(connection, id, **values)
            _refuse_without_administrator(connection)
            if values.get("is_disabled"):
                people.end_sessions(connection, id)
                people.end_links(connection, id)
        event(_log, logging.INFO, "person_changed", person=id, values=sorted(values))
        return self.get(id)

    def remove(self, id: str, heir: str) -> None:
        """Remove a person; what belongs to them becomes that of `heir`, except for the voices they remembered.

        Raises:
            PersonNotFound: one of the two.
            LastAdministrator
            InvalidParameter: they are the same.
        """
        if id == heir:
            raise InvalidParameter(name="heir", reason=N_("choose somebody else"))
        with self._database.writing() as connection:
            _found(connection, id)
            _found(connection, heir)
            _part_list_names(connection, id, heir)
            people.give(connection, id, heir)
            known_voices.remove(connection, [voice.id for voice in known_voices.of_owner(connection, id)])
            people.remove(connection, id)
            _refuse_without_administrator(connection)
        event(_log, logging.INFO, "person_removed", person=id, heir=heir)

    def adopt(self) -> None:
        """Give what belongs to nobody to the first administrator: it came in while there was no login."""
        with self._database.writing() as connection:
            _adopt(connection)


def checked_name(name: str) -> str:
    """Return a name without surrounding or doubled blanks.

    Raises:
        InvalidParameter
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidParameter(name="name", reason=N_("it must have 1 to 100 characters"))
    return name


def person_from(row: Row, prefix: str = "") -> Person:
    """Return the person of a row, whose columns may have a prefix."""
    of = {name: row[f"{prefix}{name}"] for name in ("id", "name", "is_disabled", "created_at")}
    return Person(
        **of,
        role=Role(row[f"{prefix}role"]),
        groups=tuple(row[f"{prefix}groups"]),
        has_password=row[f"{prefix}password"] is not None,
        is_external=row[f"{prefix}subject"] is not None,
        hours_per_day=row[f"{prefix}hours_per_day"],
        jobs_at_once=row[f"{prefix}jobs_at_once"],
    )


def _adopt(connection: Connection) -> None:
    administrators = people.administrators(connection)
    if administrators:
        heir = administrators[0]["id"]
        _part_list_names(connection, None, heir)
        people.give(connection, None, heir)
        known_voices.give(connection, None, heir)


def _part_list_names(connection: Connection, owner: str | None, heir: str) -> None:
    """Rename saved lists that would have the name of one of the heir's."""
    taken = {(row["kind"], row["name"]) for row in people.list_names(connection, heir)}
    for row in people.list_names(connection, owner):
        name, number = row["name"], 2
        while (row["kind"], name) in taken:
            name, number = f"{row['name']} {number}", number + 1
        taken.add((row["kind"], name))
        if name != row["name"]:
            people.rename_list(connection, row["id"], name)


def _refuse_without_administrator(connection: Connection) -> None:
    if not people.administrators(connection):
        raise LastAdministrator


def _found(connection: Connection, id: str) -> Row:
    row = people.find(connection, id)
    if row is None:
        raise PersonNotFound(id=id)
    return row


def _usage(row: Row | None, voices: int) -> Usage:
    stored = {name: row[name] for name in Usage.__dataclass_fields__ if name in row} if row else {}
    return Usage(**stored, voices=voices)
