"""Named lists of hotwords, and of rules of replacement, to be reused for other recordings."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter, RequestError
from app.domain.errors.settings import (
    HotwordListExists,
    HotwordListNotFound,
    ReplacementListExists,
    ReplacementListNotFound,
)
from app.domain.hotwords import parse_hotwords
from app.domain.replacements import LONGEST_RULES, parse_rules
from app.logging import event
from app.store.queries import saved_lists

if TYPE_CHECKING:
    from app.store.database import Connection, Database, Row

LONGEST_NAME = 100  # characters
MOST_LISTS = 200  # of a kind: every page that offers them shows all of them

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ListKind:
    """What the lines of a list are."""

    name: str
    entries: Callable[[str], int]
    """Returns how many entries a text has. Raises InvalidParameter."""
    field: str
    """What an error calls the text."""
    empty: str
    """What is wrong with a text that has none."""
    absent: type[RequestError]
    taken: type[RequestError]


def _count_hotwords(text: str) -> int:
    return len(parse_hotwords(f"{text}\n"))


def _count_rules(text: str) -> int:
    if len(text) > LONGEST_RULES:
        raise InvalidParameter(name="rules", reason=N_("the rules are longer than 100,000 characters"))
    return len(parse_rules(text))


HOTWORDS = ListKind(
    "hotwords", _count_hotwords, "words", N_("a list needs at least one word"), HotwordListNotFound, HotwordListExists
)
REPLACEMENTS = ListKind(
    "replacements",
    _count_rules,
    "rules",
    N_("a list needs at least one rule"),
    ReplacementListNotFound,
    ReplacementListExists,
)


@dataclass(frozen=True, slots=True)
class SavedList:
    """One list, as its owner wrote it."""

    id: str
    name: str
    text: str
    """One hotword or rule on each line."""
    created_at: datetime
    updated_at: datetime


class SavedLists:
    """All lists of a kind. Every method may be called from any thread."""

    def __init__(self, database: Database, kind: ListKind) -> None:
        self._database = database
        self._kind = kind

    def everything(self) -> list[SavedList]:
        """Return the lists sorted by name."""
        with self._database.reading() as connection:
            return [SavedList(**row) for row in saved_lists.everything(connection, self._kind.name)]

    def create(self, name: str, text: str) -> SavedList:
        """Store a new list.

        Raises:
            InvalidParameter: the name is empty or too long, no line is usable, or there are MOST_LISTS.
            HotwordListExists, ReplacementListExists: another list has this name.
            DiskFull
        """
        name, text = self._checked(name, text)
        made = SavedList(secrets.token_hex(8), name, text, now := datetime.now(UTC), now)
        kind = self._kind.name
        with self._database.writing() as connection:
            self._refuse_taken(connection, name, made.id)
            if saved_lists.count(connection, kind) >= MOST_LISTS:
                raise InvalidParameter(name="name", reason=N_("there are 200 lists already; delete one first"))
            saved_lists.add(connection, kind=kind, id=made.id, name=name, text=text, created_at=now, updated_at=now)
        event(_log, logging.INFO, "list_created", id=made.id, kind=kind)
        return made

    def replace(self, id: str, name: str, text: str) -> SavedList:
        """Replace the name and lines of a list.

        Raises:
            HotwordListNotFound, ReplacementListNotFound
            InvalidParameter, HotwordListExists, ReplacementListExists, DiskFull: as `create`.
        """
        name, text = self._checked(name, text)
        now = datetime.now(UTC)
        with self._database.writing() as connection:
            row = self._found(connection, id)
            self._refuse_taken(connection, name, id)
            saved_lists.change(connection, id, name=name, text=text, updated_at=now)
        event(_log, logging.INFO, "list_replaced", id=id, kind=self._kind.name)
        return SavedList(id, name, text, row["created_at"], now)

    def delete(self, id: str) -> None:
        """Delete a list; transcriptions made with it keep its lines.

        Raises:
            HotwordListNotFound, ReplacementListNotFound
        """
        with self._database.writing() as connection:
            self._found(connection, id)
            saved_lists.remove(connection, id)
        event(_log, logging.INFO, "list_deleted", id=id, kind=self._kind.name)

    # Internal

    def _checked(self, name: str, text: str) -> tuple[str, str]:
        """Return both stripped of surrounding white space."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME:
            raise InvalidParameter(name="name", reason=N_("it must have 1 to 100 characters"))
        text = "\n".join(filter(None, (" ".join(line.split()) for line in text.splitlines())))
        if not self._kind.entries(text):
            raise InvalidParameter(name=self._kind.field, reason=self._kind.empty)
        return name, text

    def _found(self, connection: Connection, id: str) -> Row:
        row = saved_lists.find(connection, self._kind.name, id)
        if row is None:
            raise self._kind.absent(id=id)
        return row

    def _refuse_taken(self, connection: Connection, name: str, id: str) -> None:
        if saved_lists.named(connection, self._kind.name, name) not in (None, id):
            raise self._kind.taken(name=name)
