"""Sharing one transcription: by a link that anybody opens who has it, or with a person or a group."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.errors.base import N_
from app.domain.errors.people import PersonNotFound, ShareNotFound
from app.domain.errors.requests import InvalidParameter
from app.domain.people import Shared, current_actor
from app.logging import event
from app.services.people.logins import hash_of
from app.services.transcription_rows import own_row
from app.store.database import Database, Row
from app.store.queries import people, sharing

MOST_SHARES = 100  # of one transcription

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A link to one transcription; its secret is told once and not stored."""

    id: str
    may_edit: bool
    with_audio: bool
    created_at: datetime
    expires_at: datetime | None
    opened: int = 0
    """How often it was opened."""
    for_audience: bool = False
    """Whether it only lets people read along with a live session."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A person or a group with whom a transcription is shared."""

    id: str
    name: str
    is_group: bool
    may_edit: bool
    created_at: datetime


class Sharing:
    """All links and grants. Every method may be called from any thread; changes are for the owner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, transcription: str) -> tuple[list[ShareLink], list[Grant]]:
        """Return how a transcription is shared, oldest first.

        Raises:
            TranscriptionNotFound
            NotPermitted: it is somebody else's.
        """
        with self._database.reading() as connection:
            own_row(connection, transcription)
            links = [_link_from(row) for row in sharing.links_of(connection, transcription)]
            return links, [_grant_from(row) for row in sharing.grants_of(connection, transcription)]

    def add_link(
        self, transcription: str, days: int | None, *, may_edit: bool, with_audio: bool, for_audience: bool = False
    ) -> tuple[ShareLink, str]:
        """Return a new link and its secret, which cannot be had again. The audience of a session reads, and no more.

        Raises:
            TranscriptionNotFound, NotPermitted
            InvalidParameter: it is shared too often.
        """
        secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
        expires_at = now + timedelta(days=days) if days else None
        may_edit, with_audio = may_edit and not for_audience, with_audio and not for_audience
        link = ShareLink(secrets.token_hex(8), may_edit, with_audio, now, expires_at, for_audience=for_audience)
        with self._database.writing() as connection:
            own_row(connection, transcription)
            if len(sharing.links_of(connection, transcription)) >= MOST_SHARES:
                raise InvalidParameter(name="transcription", reason=N_("it has 100 links already"))
            sharing.add_link(
                connection,
                id=link.id,
                hash=hash_of(secret),
                transcription_id=transcription,
                may_edit=may_edit,
                with_audio=with_audio,
                created_at=now,
                expires_at=expires_at,
                for_audience=for_audience,
            )
        event(_log, logging.INFO, "share_link_created", job=transcription, share=link.id)
        return link, secret

    def grant(self, transcription: str, name: str, *, is_group: bool, may_edit: bool) -> Grant:
        """Share with the person who logs in as `name`, or with everybody of a group.

        Raises:
            TranscriptionNotFound, NotPermitted
            PersonNotFound: nobody is called so.
        """
        id, now = secrets.token_hex(8), datetime.now(UTC)
        with self._database.writing() as connection:
            own_row(connection, transcription)
            person = None if is_group else people.called(connection, name)
            if not is_group and person is None:
                raise PersonNotFound(id=name)
            sharing.add_grant(
                connection,
                id=id,
                transcription_id=transcription,
                person_id=person["id"] if person else None,
                group_name=name if is_group else None,
                may_edit=may_edit,
                created_at=now,
            )
        event(_log, logging.INFO, "shared", job=transcription, share=id)
        return Grant(id, person["name"] if person else name, is_group, may_edit, now)

    def remove(self, transcription: str, id: str) -> None:
        """Take a link or a grant back; it opens nothing from now on.

        Raises:
            TranscriptionNotFound, NotPermitted, ShareNotFound
        """
        with self._database.writing() as connection:
            own_row(connection, transcription)
            if not sharing.remove(connection, transcription, id):
                raise ShareNotFound(id=id)
        event(_log, logging.INFO, "share_removed", job=transcription, share=id)

    def open(self, secret: str) -> Shared | None:
        """Return what a link opens, counting that it was opened; None if it is not valid."""
        with self._database.writing() as connection:
            row = sharing.link_with(connection, hash_of(secret), datetime.now(UTC))
            if row is not None:
                sharing.count_opening(connection, row["id"])
        return _shared(row)

    def find(self, secret: str) -> Shared | None:
        """Return what a link opens; None if it is not valid."""
        with self._database.reading() as connection:
            return _shared(sharing.link_with(connection, hash_of(secret), datetime.now(UTC)))

    def access_of(self, transcription: str, owner: str | None) -> str:
        """Return what the current actor may do with a transcription that they see: `own`, `edit` or `read`."""
        actor = current_actor()
        if actor.owns(owner):
            return "own"
        with self._database.reading() as connection:
            return "edit" if sharing.may_edit(connection, actor, transcription) else "read"


def _shared(row: Row | None) -> Shared | None:
    if row is None:
        return None
    return Shared(row["transcription_id"], row["may_edit"], row["with_audio"], row["for_audience"])


def _link_from(row: Row) -> ShareLink:
    return ShareLink(**{name: row[name] for name in ShareLink.__dataclass_fields__})


def _grant_from(row: Row) -> Grant:
    name = row["group_name"] or row["person_name"]
    return Grant(row["id"], name, row["group_name"] is not None, row["may_edit"], row["created_at"])
