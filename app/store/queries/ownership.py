"""Which rows the current actor sees, and which are theirs: every query for people has one of these conditions.

Rows of somebody else are not found, like rows that do not exist. The program itself sees everything.
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import ColumnElement, false, true

from app.domain.people import current_actor
from app.store.tables import transcriptions


class OwnedTable(Protocol):
    """A table whose rows belong to somebody."""

    @property
    def c(self) -> Any: ...


def is_own(table: OwnedTable = transcriptions) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the current actor."""
    actor = current_actor()
    if actor.sees_everything:
        return true()
    return table.c.owner == actor.person if actor.person else false()


def new_owner() -> str | None:
    """Return whom a new row belongs to."""
    return current_actor().person
