"""Queries on links and grants, by which transcriptions are shared. Each takes the connection of an open transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from app.domain.people import Actor
from app.store.database import Row
from app.store.tables import grants, people, share_links


def add_link(connection: Connection, **values: Any) -> None:
    connection.execute(insert(share_links).values(**values))


def link_with(connection: Connection, hash: str, now: datetime) -> Row | None:
    """Return a link that is valid."""
    is_valid = share_links.c.expires_at.is_(None) | (share_links.c.expires_at > now)
    return next(iter(_all(connection, select(share_links).where(share_links.c.hash == hash, is_valid))), None)


def count_opening(connection: Connection, id: str) -> None:
    connection.execute(update(share_links).where(share_links.c.id == id).values(opened=share_links.c.opened + 1))


def links_of(connection: Connection, transcription: str) -> list[Row]:
    """Return the links of a transcription, oldest first."""
    query = select(share_links).where(share_links.c.transcription_id == transcription)
    return _all(connection, query.order_by(share_links.c.created_at))


def remove(connection: Connection, transcription: str, id: str) -> bool:
    """Remove a link or a grant of a transcription; return whether there was one."""
    removed = 0
    for table in (share_links, grants):
        query = delete(table).where(table.c.transcription_id == transcription, table.c.id == id)
        removed += connection.execute(query).rowcount
    return removed > 0


def add_grant(connection: Connection, **values: Any) -> None:
    """Share with a person or a group; a former grant to the same is replaced."""
    same = (
        grants.c.transcription_id == values["transcription_id"],
        grants.c.person_id.is_not_distinct_from(values["person_id"]),
        grants.c.group_name.is_not_distinct_from(values["group_name"]),
    )
    connection.execute(delete(grants).where(*same))
    connection.execute(insert(grants).values(**values))


def grants_of(connection: Connection, transcription: str) -> list[Row]:
    """Return with whom a transcription is shared, and the names of people, oldest first."""
    query = select(grants, people.c.name.label("person_name")).outerjoin(people, people.c.id == grants.c.person_id)
    return _all(connection, query.where(grants.c.transcription_id == transcription).order_by(grants.c.created_at))


def may_edit(connection: Connection, actor: Actor, transcription: str) -> bool:
    """Return whether somebody lets the actor correct a transcription of theirs."""
    if any(link.may_edit for link in actor.shared if link.transcription == transcription):
        return True
    if actor.person is None:
        return False
    to_them = (grants.c.person_id == actor.person) | grants.c.group_name.in_(actor.groups)
    query = select(grants.c.id).where(grants.c.transcription_id == transcription, grants.c.may_edit, to_them)
    return connection.scalar(query.limit(1)) is not None


def _all(connection: Connection, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]
