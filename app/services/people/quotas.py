"""Quotas: how many hours of sound in a day, and how many recordings at once, a person or an API key may submit.

How long a recording is, is known when it has been decoded. So one that goes beyond the limit by itself is let in as
long as anything is left, and the next one is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.errors.base import N_
from app.domain.errors.people import QuotaReached
from app.domain.people import current_actor
from app.domain.reasons import HOURS_USED, JOBS_AT_ONCE, NO_HOURS
from app.store.database import Connection, Database, Row
from app.store.queries import people, quotas
from app.store.queries.quotas import DAY, QUEUE_BY_THEMSELVES

JOB_SECONDS = 30
"""When a program may try again whose recordings wait or run: nobody knows when one of them ends."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What somebody has submitted, as far as it counts against their quota."""

    seconds: float
    """Of sound, in the last 24 hours."""
    jobs: int
    """Recordings that wait or run."""


def check_quotas(connection: Connection, source: str) -> None:
    """Refuse a recording that was just added in this transaction, if its owner or their key may not submit it.

    It is looked at after it was added: then it is known whether it is a repeat of another one, which costs nothing.

    Raises:
        QuotaReached
    """
    actor = current_actor()
    if actor.person is None:
        return
    limited: list[tuple[Row | None, str | None, str]] = [
        (people.find(connection, actor.person), None, N_("your account"))
    ]
    if actor.key:
        limited.append((people.find_key(connection, actor.key), actor.key, N_("this API key")))
    for limits, key, name in limited:
        if limits is not None:
            _check_jobs(connection, limits, actor.person, key, source, name)
            _check_hours(connection, limits, actor.person, key, name)


def spent(database: Database, person: str) -> Spent:
    """Return what counts against the quota of a person now."""
    with database.reading() as connection:
        seconds = quotas.seconds_since(connection, datetime.now(UTC) - DAY, person)
        return Spent(seconds, quotas.busy_jobs(connection, person))


def _check_jobs(connection: Connection, limits: Row, person: str, key: str | None, source: str, name: str) -> None:
    most = limits["jobs_at_once"]
    if most is None or source in QUEUE_BY_THEMSELVES:
        return
    others = quotas.busy_jobs(connection, person, key) - 1  # the new one is among them
    if others >= most:
        raise QuotaReached(detail=name, reason=JOBS_AT_ONCE.of(used=others, most=most), seconds=JOB_SECONDS)


def _check_hours(connection: Connection, limits: Row, person: str, key: str | None, name: str) -> None:
    if limits["hours_per_day"] is None:
        return
    now, most = datetime.now(UTC), limits["hours_per_day"] * 3600
    used = quotas.seconds_since(connection, now - DAY, person, key)
    if used < most:
        return
    if not most:
        raise QuotaReached(detail=name, reason=NO_HOURS, seconds=round(DAY.total_seconds()))
    again = _room_again(quotas.sound_since(connection, now - DAY, person, key), used, most)
    told = {"used": f"{used / 3600:.1f}", "most": f"{most / 3600:g}", "again": f"{again:%Y-%m-%d %H:%M} UTC"}
    raise QuotaReached(detail=name, reason=HOURS_USED.of(**told), seconds=max(1, round((again - now).total_seconds())))


def _room_again(recordings: Iterable[Row], used: float, most: float) -> datetime:
    """Return when so much of what was used is a day old that less than `most` is left."""
    again = datetime.now(UTC)
    for recording in recordings:
        if used < most:
            break
        used -= recording["seconds"]
        again = recording["created_at"] + DAY
    return again
