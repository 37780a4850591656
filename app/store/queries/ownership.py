"""Which rows the current actor sees, and which are theirs: every query for people has one of these conditions.

Rows of somebody else are not found, like rows that do not exist. The program itself sees everything.
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import ColumnElement, false, select, true

from app.domain.people import current_actor
from app.store.tables import grants, transcriptions


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


def is_private(table: OwnedTable) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the current actor, whom no right to see everything helps here.

    Without a login everything belongs to whoever uses the program.
    """
    actor = current_actor()
    if actor.person is None:
        return true() if actor.sees_everything else false()
    is_theirs: ColumnElement[bool] = table.c.owner == actor.person
    return is_theirs


def is_seen() -> ColumnElement[bool]:
    """Return the condition that the current actor sees a transcription: it is theirs, or somebody shares it."""
    actor = current_actor()
    seen = is_own()
    if actor.sees_everything:
        return seen
    if actor.shared:
        seen |= transcriptions.c.id.in_([link.transcription for link in actor.shared])
    if actor.person:
        to_them = (grants.c.person_id == actor.person) | grants.c.group_name.in_(actor.groups)
        seen |= transcriptions.c.id.in_(select(grants.c.transcription_id).where(to_them))
    return seen


def new_owner() -> str | None:
    """Return whom a new row belongs to."""
    return current_actor().person
