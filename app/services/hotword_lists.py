"""Named lists of hotwords, to be reused for other recordings."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.settings import HotwordListExists, HotwordListNotFound
from app.domain.hotwords import parse_hotwords
from app.logging import event
from app.store.queries import hotword_lists

if TYPE_CHECKING:
    from app.store.database import Connection, Database, Row

LONGEST_NAME = 100  # characters
MOST_LISTS = 200  # every page that offers hotwords shows all of them

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HotwordList:
    """One list, as its owner wrote it."""

    id: str
    name: str
    words: str
    """One per line, optionally with a weight."""
    created_at: datetime
    updated_at: datetime

    @property
    def count(self) -> int:
        """The number of distinct words."""
        return len(parse_hotwords(f"{self.words}\n"))


class HotwordLists:
    """All hotword lists. Every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def everything(self) -> list[HotwordList]:
        """Return the lists sorted by name."""
        with self._database.reading() as connection:
            return [HotwordList(**row) for row in hotword_lists.everything(connection)]

    def create(self, name: str, words: str) -> HotwordList:
        """Store a new list.

        Raises:
            InvalidParameter: the name is empty or too long, no word is usable, or there are MOST_LISTS.
            HotwordListExists: another list has this name.
            DiskFull
        """
        name, words = _checked(name, words)
        id, now = secrets.token_hex(8), datetime.now(UTC)
        with self._database.writing() as connection:
            _refuse_taken(connection, name, id)
            if hotword_lists.count(connection) >= MOST_LISTS:
                raise InvalidParameter(name="name", reason=N_("there are 200 lists already; delete one first"))
            hotword_lists.add(connection, id=id, name=name, words=words, created_at=now, updated_at=now)
        event(_log, logging.INFO, "hotword_list_created", id=id)
        return HotwordList(id, name, words, now, now)

    def replace(self, id: str, name: str, words: str) -> HotwordList:
        """Replace the name and words of a list.

        Raises:
            HotwordListNotFound
            InvalidParameter, HotwordListExists, DiskFull: as `create`.
        """
        name, words = _checked(name, words)
        now = datetime.now(UTC)
        with self._database.writing() as connection:
            row = _found(connection, id)
            _refuse_taken(connection, name, id)
            hotword_lists.change(connection, id, name=name, words=words, updated_at=now)
        event(_log, logging.INFO, "hotword_list_replaced", id=id)
        return HotwordList(id, name, words, row["created_at"], now)

    def delete(self, id: str) -> None:
        """Delete a list; transcriptions made with it keep their words.

        Raises:
            HotwordListNotFound
        """
        with self._database.writing() as connection:
            _found(connection, id)
            hotword_lists.remove(connection, id)
        event(_log, logging.INFO, "hotword_list_deleted", id=id)


def _checked(name: str, words: str) -> tuple[str, str]:
    """Return both stripped of surrounding white space."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidParameter(name="name", reason=N_("it must have 1 to 100 characters"))
    words = "\n".join(filter(None, (" ".join(line.split()) for line in words.splitlines())))
    if not parse_hotwords(f"{words}\n"):
        raise InvalidParameter(name="words", reason=N_("a list needs at least one word"))
    return name, words


def _found(connection: Connection, id: str) -> Row:
    row = hotword_lists.find(connection, id)
    if row is None:
        raise HotwordListNotFound(id=id)
    return row


def _refuse_taken(connection: Connection, name: str, id: str) -> None:
    if hotword_lists.named(connection, name) not in (None, id):
        raise HotwordListExists(name=name)
