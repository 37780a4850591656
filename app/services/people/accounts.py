"""What the web needs of people: whether there is a login, and who somebody is."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.errors.people import LoginNotAccepted, NameTaken
from app.domain.people import PERMISSIONS, Actor, Permission, Person, Role
from app.services.people.api_keys import ApiKeys
from app.services.people.audit import AuditTrail
from app.services.people.external import ExternalPeople, Identity
from app.services.people.logins import Logins, hash_of
from app.services.people.people import People
from app.services.people.sharing import Sharing
from app.store.database import Database

if TYPE_CHECKING:
    from app.services.people.oidc import OidcLogin

LOOK_SECONDS = 2.0
"""How soon an account is noticed that another process makes."""
FIRST_NAME = "admin"
"""The name of the first administrator, until they choose another one."""

PROXIED_EVERY_SECONDS = 12 * 3600.0
"""How often the audit trail says that a proxy has logged somebody in."""


@dataclass(frozen=True, slots=True)
class LoginRule:
    """When people have to log in."""

    is_forced: bool
    """Because other machines reach the server, or a setting says so."""
    is_waived: bool
    """`--insecure-no-login`."""
    administrators_see_texts: bool
    proxied_role: Role = Role.MEMBER
    """Role of people whom a proxy names for the first time."""


class Accounts:
    """People, their sessions and keys. Every method may be called from any thread."""

    def __init__(self, database: Database, rule: LoginRule) -> None:
        self.people = People(database)
        self.external = ExternalPeople(database, self.people)
        self.logins = Logins(database)
        self.keys = ApiKeys(database)
        self.audit = AuditTrail(database)
        self.sharing = Sharing(database)
        self._rule = rule
        self._looked_at = float("-inf")
        self.oidc: OidcLogin | None = None
        """The login by an OpenID provider, if one is configured."""
        self._recorded_at: dict[str, float] = {}

    @property
    def known_need(self) -> bool | None:
        """Return whether people log in, as far as it is known without a look at the database."""
        if self._rule.is_waived:
            return False
        if self._rule.is_forced or self.people.knows_somebody:
            return True
        return False if time.monotonic() - self._looked_at < LOOK_SECONDS else None

    @property
    def needs_login(self) -> bool:
        """Return whether people log in; where accounts exist they are not ignored silently."""
        known = self.known_need
        if known is not None:
            return known
        is_anybody = self.people.is_anybody()
        self._looked_at = time.monotonic()
        return is_anybody

    def begin(self, password: str | None) -> str | None:
        """Prepare the login: what belongs to nobody gets an owner, and the first administrator a way in.

        `password` is that of a new administrator. Return the secret of a link with which the first one sets theirs,
        where nobody who administers has one; several servers print one each, and all are valid until one is used.

        Raises:
            WeakPassword
        """
        if not self.people.is_anybody():
            with suppress(NameTaken):  # by another server that starts at the same time
                self.people.add(FIRST_NAME, Role.ADMINISTRATOR, password=password)
        self.people.adopt()
        administrators = self.people.administrators()
        if any(person.has_password for person in administrators):
            return None
        return self.logins.offer_link(administrators[0].id, ends_former=False)

    def of_cookie(self, cookie: str, address: str) -> Actor | None:
        """Return who comes with the cookie of a session; None if it has ended."""
        person = self.logins.person_of(cookie)
        return self.actor_of(person, address, session=hash_of(cookie)) if person else None

    def of_proxy(self, name: str, groups: tuple[str, ...] | None, address: str) -> Actor | None:
        """Return whom a trusted proxy has logged in, with an account from the first time on; None if it is disabled."""
        identity = Identity(f"proxy {name.casefold()}", name, groups)
        try:
            person = self.external.find(identity, by_name=True)
        except LoginNotAccepted:
            return None
        person = person or self.external.add(identity, self._rule.proxied_role)
        actor = self.actor_of(self.external.renew(person, groups), address)
        if self._is_recorded_now(person.id):
            self.audit.record(actor, "log_in_by_proxy", "/login", 200)
        return actor

    def _is_recorded_now(self, person: str) -> bool:
        """Return whether it is long since a person whom a proxy logs in was recorded: no request begins a session."""
        now = time.monotonic()
        if now - self._recorded_at.get(person, -PROXIED_EVERY_SECONDS) < PROXIED_EVERY_SECONDS:
            return False
        self._recorded_at[person] = now
        return True

    def of_key(self, secret: str, address: str) -> Actor | None:
        """Return who comes with an API key; None if it is not valid."""
        found = self.keys.find(secret)
        if found is None:
            return None
        key, person = found
        return self.actor_of(person, address, key=key.id, scopes=frozenset(key.scopes))

    def actor_of(
        self,
        person: Person,
        address: str,
        *,
        session: str | None = None,
        key: str | None = None,
        scopes: frozenset[Permission] = frozenset(Permission),
    ) -> Actor:
        """Return a person as the one on whose behalf things are done."""
        permissions = PERMISSIONS[person.role] & scopes
        sees_texts = self._rule.administrators_see_texts and Permission.ADMIN in permissions
        return Actor(person.id, person.name, permissions, sees_texts, person.groups, key, session, address)
