"""Queries on people, their sessions, links and API keys. Each takes the connection of an open transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from app.domain.people import Role
from app.domain.states import JobState
from app.store.database import Row
from app.store.tables import (
    api_keys,
    batches,
    comparisons,
    deletions,
    login_links,
    login_sessions,
    people,
    saved_lists,
    transcriptions,
    webhooks,
)

OWNED = (transcriptions, batches, comparisons, deletions, saved_lists)
"""What goes to somebody else with its owner; voices do not, because who agreed to that agreed to this owner."""
_rows = transcriptions.c


# People


def everybody(connection: Connection) -> list[Row]:
    """Return all people by name."""
    return _all(connection, select(people).order_by(people.c.folded_name))


def is_anybody(connection: Connection) -> bool:
    return connection.scalar(select(people.c.id).limit(1)) is not None


def find(connection: Connection, id: str) -> Row | None:
    return _first(connection, select(people).where(people.c.id == id))


def called(connection: Connection, name: str) -> Row | None:
    """Return the person who logs in with this name."""
    return _first(connection, select(people).where(people.c.folded_name == name.casefold()))


def with_subject(connection: Connection, subject: str) -> Row | None:
    """Return the person whom another system knows by this id."""
    return _first(connection, select(people).where(people.c.subject == subject))


def administrators(connection: Connection) -> list[Row]:
    """Return those who can administer now, the first one first."""
    query = select(people).where(people.c.role == Role.ADMINISTRATOR, people.c.is_disabled.is_(False))
    return _all(connection, query.order_by(people.c.created_at))


def add(connection: Connection, **values: Any) -> None:
    connection.execute(insert(people).values(**values, folded_name=values["name"].casefold()))


def change(connection: Connection, id: str, **values: Any) -> None:
    if "name" in values:
        values["folded_name"] = values["name"].casefold()
    connection.execute(update(people).where(people.c.id == id).values(**values))


def remove(connection: Connection, id: str) -> None:
    """Remove a person, with their sessions, links and keys, and the webhooks of those."""
    keys = select(api_keys.c.id).where(api_keys.c.person_id == id)
    connection.execute(delete(webhooks).where(webhooks.c.api_key.in_(keys)))
    connection.execute(delete(people).where(people.c.id == id))


def give(connection: Connection, owner: str | None, heir: str) -> None:
    """Let everything of `owner`, or what belongs to nobody, belong to `heir`."""
    for table in OWNED:
        connection.execute(update(table).where(table.c.owner.is_not_distinct_from(owner)).values(owner=heir))


def list_names(connection: Connection, owner: str | None) -> list[Row]:
    """Return id, kind and name of somebody's saved lists."""
    query = select(saved_lists.c.id, saved_lists.c.kind, saved_lists.c.name).where(
        saved_lists.c.owner.is_not_distinct_from(owner)
    )
    return _all(connection, query)


def rename_list(connection: Connection, id: str, name: str) -> None:
    connection.execute(update(saved_lists).where(saved_lists.c.id == id).values(name=name))


def usage(connection: Connection, owner: str | None = None) -> dict[str | None, Row]:
    """Return, for each owner or one, number, seconds, bytes, and jobs that wait or run; never what is said."""
    busy = func.count().filter(_rows.state.in_((JobState.QUEUED, JobState.RUNNING)))
    query = select(
        _rows.owner,
        func.count().label("recordings"),
        func.coalesce(func.sum(_rows.duration), 0.0).label("seconds"),
        func.coalesce(func.sum(_rows.size_bytes), 0).label("size_bytes"),
        busy.label("busy"),
    ).where(_rows.delete_requested.is_(False))
    if owner is not None:
        query = query.where(_rows.owner == owner)
    return {row["owner"]: row for row in _all(connection, query.group_by(_rows.owner))}


# Sessions and links


def add_session(connection: Connection, **values: Any) -> None:
    connection.execute(insert(login_sessions).values(**values))


def session(connection: Connection, hash: str) -> Row | None:
    """Return a session with the person whose it is, under the names of the columns of `people`."""
    person = [column.label(f"person_{column.name}") for column in people.c]
    query = select(login_sessions.c.created_at, login_sessions.c.seen_at, *person)
    joined = query.join(people, people.c.id == login_sessions.c.person_id).where(login_sessions.c.hash == hash)
    return _first(connection, joined)


def touch_session(connection: Connection, hash: str, now: datetime) -> None:
    connection.execute(update(login_sessions).where(login_sessions.c.hash == hash).values(seen_at=now))


def sessions_of(connection: Connection, person: str) -> list[Row]:
    """Return somebody's sessions, the one used last first."""
    query = select(login_sessions).where(login_sessions.c.person_id == person)
    return _all(connection, query.order_by(login_sessions.c.seen_at.desc()))


def end_session(connection: Connection, hash: str) -> None:
    connection.execute(delete(login_sessions).where(login_sessions.c.hash == hash))


def end_sessions(connection: Connection, person: str, but: str | None = None) -> None:
    """End all sessions of a person, except the one with this hash."""
    query = delete(login_sessions).where(login_sessions.c.person_id == person)
    connection.execute(query if but is None else query.where(login_sessions.c.hash != but))


def end_old_sessions(connection: Connection, seen_before: datetime, created_before: datetime) -> None:
    sessions = login_sessions.c
    is_old = (sessions.seen_at < seen_before) | (sessions.created_at < created_before)
    connection.execute(delete(login_sessions).where(is_old))
    connection.execute(delete(login_links).where(login_links.c.expires_at < seen_before))


def add_link(connection: Connection, **values: Any) -> None:
    connection.execute(insert(login_links).values(**values))


def link(connection: Connection, hash: str, now: datetime) -> Row | None:
    """Return the person whose link this is, if it is valid."""
    query = select(people).join(login_links, login_links.c.person_id == people.c.id)
    return _first(connection, query.where(login_links.c.hash == hash, login_links.c.expires_at > now))


def end_links(connection: Connection, person: str) -> None:
    connection.execute(delete(login_links).where(login_links.c.person_id == person))


# API keys


def add_key(connection: Connection, **values: Any) -> None:
    connection.execute(insert(api_keys).values(**values))


def keys_of(connection: Connection, person: str) -> list[Row]:
    """Return somebody's keys, oldest first."""
    return _all(connection, select(api_keys).where(api_keys.c.person_id == person).order_by(api_keys.c.created_at))


def key_with(connection: Connection, hash: str, now: datetime) -> Row | None:
    """Return a key that is valid, with the person whose it is, under the names of the columns of `people`."""
    person = [column.label(f"person_{column.name}") for column in people.c]
    is_valid = api_keys.c.expires_at.is_(None) | (api_keys.c.expires_at > now)
    own = [column for column in api_keys.c if column.name != "person_id"]
    query = select(*own, *person).join(people, people.c.id == api_keys.c.person_id)
    return _first(connection, query.where(api_keys.c.hash == hash, is_valid))


def find_key(connection: Connection, id: str) -> Row | None:
    return _first(connection, select(api_keys).where(api_keys.c.id == id))


def touch_key(connection: Connection, id: str, now: datetime) -> None:
    connection.execute(update(api_keys).where(api_keys.c.id == id).values(used_at=now))


def remove_key(connection: Connection, id: str) -> None:
    """Remove a key and its webhooks."""
    connection.execute(delete(webhooks).where(webhooks.c.api_key == id))
    connection.execute(delete(api_keys).where(api_keys.c.id == id))


def _first(connection: Connection, query: Select[Any]) -> Row | None:
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def _all(connection: Connection, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]
