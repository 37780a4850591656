"""People who use a server, what they may do, and on whose behalf the program is acting at the moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person is to a server."""

    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    READER = "reader"
    """Sees what others have shared."""


class Permission(StrEnum):
    """What a route demands, and what an API key is given as its scopes."""

    READ = "read"
    TRANSCRIBE = "transcribe"
    """Whatever makes or changes something of one's own."""
    ADMIN = "admin"
    """Whatever concerns the whole server."""


PERMISSIONS = {
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.MEMBER: frozenset({Permission.READ, Permission.TRANSCRIBE}),
    Role.READER: frozenset({Permission.READ}),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    id: str
    name: str
    """With which they log in; unique, whatever the case of its letters."""
    role: Role
    groups: tuple[str, ...]
    """Things can be shared with all people of a group."""
    is_disabled: bool
    created_at: datetime
    has_password: bool = True
    """False where another system says who they are."""
    is_external: bool = False
    """Whether another system says who they are: an OpenID provider, or a proxy."""
    hours_per_day: float | None = None
    """Hours of sound that they may submit in 24 hours; None: any number."""
    jobs_at_once: int | None = None
    """Recordings of theirs that may wait or run; None: any number."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link opens."""

    transcription: str
    may_edit: bool
    with_audio: bool
    for_audience: bool = False
    """Whether it only lets people read along with a live session."""


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose behalf something is done: rows are shown, changed and created accordingly."""

    person: str | None = None
    """Id of the person; None for the program itself, and for anybody where there is no login."""
    name: str = ""
    permissions: frozenset[Permission] = frozenset()
    sees_everything: bool = False
    """Whether the owner of a thing does not matter."""
    groups: tuple[str, ...] = ()
    key: str | None = None
    """Id of the API key with which they came."""
    session: str | None = None
    """Hash of the session's cookie with which they came."""
    address: str = field(default="", compare=False)
    shared: tuple[Shared, ...] = ()
    """What they see by a link, whoever they are."""

    @property
    def is_known(self) -> bool:
        """Return whether it is a person, or the program itself."""
        return self.sees_everything or self.person is not None

    def may_hear(self, transcription: str) -> bool:
        """Return whether they hear the sound of something that they see."""
        links = [link for link in self.shared if link.transcription == transcription]
        return not links or any(link.with_audio for link in links)

    def owns(self, owner: str | None) -> bool:
        """Return whether a thing of `owner` is theirs, as far as they are concerned."""
        return self.sees_everything or (self.person is not None and owner == self.person)


SYSTEM = Actor(permissions=frozenset(Permission), sees_everything=True)
"""The program's own work, and everybody where there is no login."""
NOBODY = Actor()
"""Who has not logged in."""

_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)


def current_actor() -> Actor:
    return _actor.get()


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Do what is in the block on behalf of `actor`."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def on_behalf_of(owner: str | None) -> Actor:
    """Return who acts in the background for the owner of a thing; the program itself for what belongs to nobody."""
    return SYSTEM if owner is None else Actor(person=owner, permissions=PERMISSIONS[Role.MEMBER])
