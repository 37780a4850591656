"""People whom another system logs in: an OpenID provider, or a proxy in front of this program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from app.domain.errors.people import LastAdministrator, LoginNotAccepted
from app.domain.people import Person, Role
from app.domain.reasons import ACCOUNT_DISABLED
from app.logging import event
from app.services.people.people import LONGEST_NAME, People, person_from
from app.store.database import Database
from app.store.queries import people

MOST_GROUPS, LONGEST_GROUP = 50, 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as the other system says."""

    subject: str
    """By which they are found again, whatever becomes of their name."""
    name: str
    groups: tuple[str, ...] | None = None
    """None: it says nothing about groups, and those set here stay."""


class ExternalPeople:
    """The accounts of such people, created when they come for the first time. Thread-safe."""

    def __init__(self, database: Database, everybody: People) -> None:
        self._database = database
        self._people = everybody
        self._lock = Lock()

    def find(self, identity: Identity, *, by_name: bool = False) -> Person | None:
        """Return the account of somebody; None if they have not been here.

        `by_name` finds an account of this name as well, for a system that decides about all names here.

        Raises:
            LoginNotAccepted: it is disabled.
        """
        with self._database.reading() as connection:
            row = people.with_subject(connection, identity.subject)
            if row is None and by_name:
                row = people.called(connection, identity.name)
        if row is not None and row["is_disabled"]:
            raise LoginNotAccepted(reason=ACCOUNT_DISABLED)
        return person_from(row) if row else None

    def add(self, identity: Identity, role: Role) -> Person:
        """Add somebody who comes for the first time, under a name that is free.

        Raises:
            InvalidParameter: the name is empty.
            LoginNotAccepted: it was added at the same time, and disabled.
            DiskFull
        """
        with self._lock:  # a browser's first requests come at once
            if (person := self.find(identity)) is not None:
                return person
            name = self._free_name(" ".join(identity.name.split())[:LONGEST_NAME])
            groups = _known_groups(identity.groups or ())
            return self._people.add(name, role, groups=groups, subject=identity.subject)

    def renew(self, person: Person, groups: Sequence[str] | None, role: Role | None = None) -> Person:
        """Give somebody the groups and the role that the other system tells now; None leaves them as they are."""
        known = person.groups if groups is None else _known_groups(groups)
        if known != person.groups:
            person = self._people.change(person.id, groups=list(known))
        if role in (None, person.role):
            return person
        try:
            return self._people.change(person.id, role=role)
        except LastAdministrator:
            event(_log, logging.WARNING, "last_administrator_kept", person=person.id)
            return person

    def _free_name(self, name: str) -> str:
        """Return `name`, or with a number if somebody else has it: nobody gets another one's account by it."""
        free, number = name, 2
        with self._database.reading() as connection:
            while people.called(connection, free):
                end = f" {number}"
                free, number = name[: LONGEST_NAME - len(end)] + end, number + 1
        return free


def _known_groups(groups: Sequence[str]) -> tuple[str, ...]:
    fitting = (group for group in groups if 0 < len(group) <= LONGEST_GROUP)
    return tuple(dict.fromkeys(fitting))[:MOST_GROUPS]
