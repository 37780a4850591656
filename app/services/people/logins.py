"""Logging in and out: passwords, the sessions of browsers, and links that set a password."""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.errors.people import LinkNotValid, NotPermitted, PersonNotFound, WrongPassword
from app.domain.people import Person
from app.logging import event
from app.services.people.attempts import Attempts
from app.services.people.passwords import check_password, hash_password, is_password, needs_new_hash
from app.services.people.people import person_from
from app.store.database import Database
from app.store.queries import people

IDLE = timedelta(days=7)
"""How long a session lasts without being used."""
LONGEST = timedelta(days=30)
"""How long it lasts at most."""
LINK_VALID = timedelta(days=3)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly its last use is stored: each is a write."""
LONGEST_AGENT = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A browser in which somebody is logged in."""

    id: str
    """The beginning of its hash, which does not open it."""
    created_at: datetime
    seen_at: datetime
    address: str
    agent: str


class Logins:
    """All sessions and links. Every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._attempts = Attempts()

    # Logging in

    def log_in(self, name: str, password: str, address: str) -> Person:
        """Return the person with this name and password.

        Raises:
            WrongPassword: or the account is disabled, which is not told apart.
            TooManyAttempts: of this name, or from this address.
        """
        self._attempts.check(name, address)
        with self._database.reading() as connection:
            row = people.called(connection, name)
        if not is_password(row["password"] if row else None, password) or row is None or row["is_disabled"]:
            self._attempts.failed(name, address)
            event(_log, logging.WARNING, "login_refused", address=address)
            raise WrongPassword
        self._attempts.succeeded(name, address)
        if needs_new_hash(row["password"]):
            with self._database.writing() as connection:
                people.change(connection, row["id"], password=hash_password(password))
        return person_from(row)

    def begin(self, person: str, address: str, agent: str, former: str = "") -> str:
        """Return the cookie of a new session; the one with the cookie `former` ends."""
        cookie, now = secrets.token_urlsafe(32), datetime.now(UTC)
        with self._database.writing() as connection:
            people.end_session(connection, hash_of(former))
            people.end_old_sessions(connection, now - IDLE, now - LONGEST)
            people.add_session(
                connection,
                hash=hash_of(cookie),
                person_id=person,
                created_at=now,
                seen_at=now,
                address=address,
                agent=agent[:LONGEST_AGENT],
            )
        event(_log, logging.INFO, "login", person=person, address=address)
        return cookie

    def person_of(self, cookie: str) -> Person | None:
        """Return whose session this is; None if it has ended."""
        hash, now = hash_of(cookie), datetime.now(UTC)
        with self._database.reading() as connection:
            row = people.session(connection, hash)
        if row is None or row["seen_at"] < now - IDLE or row["created_at"] < now - LONGEST:
            return None
        if row["person_is_disabled"]:
            return None
        if row["seen_at"] < now - SEEN_EVERY:
            with self._database.writing() as connection:
                people.touch_session(connection, hash, now)
        return person_from(row, "person_")

    # Logging out

    def sessions_of(self, person: str) -> list[LoginSession]:
        """Return somebody's sessions, the one used last first."""
        with self._database.reading() as connection:
            rows = people.sessions_of(connection, person)
        return [
            LoginSession(row["hash"][:16], row["created_at"], row["seen_at"], row["address"], row["agent"])
            for row in rows
        ]

    def end(self, cookie: str) -> None:
        with self._database.writing() as connection:
            people.end_session(connection, hash_of(cookie))

    def end_all(self, person: str, but_hash: str | None = None) -> None:
        """End all sessions of a person, except one."""
        with self._database.writing() as connection:
            people.end_sessions(connection, person, but_hash)
        event(_log, logging.INFO, "logged_out_everywhere", person=person)

    # Passwords

    def change_password(self, person: str, old: str, new: str, address: str, this: str | None) -> None:
        """Set a new password and end all other sessions.

        Raises:
            WrongPassword: the old one.
            NotPermitted: another system logs them in.
            TooManyAttempts, WeakPassword, PersonNotFound
        """
        with self._database.reading() as connection:
            row = people.find(connection, person)
        if row is None:
            raise PersonNotFound(id=person)
        if row["password"] is None and row["subject"] is not None:
            raise NotPermitted  # whom another system no longer lets in must not have a way of their own
        self._attempts.check(row["name"], address)
        if row["password"] is not None and not is_password(row["password"], old):
            self._attempts.failed(row["name"], address)
            raise WrongPassword
        self._set_password(person, row["name"], new, this)

    def offer_link(self, person: str, *, ends_former: bool = True) -> str:
        """Return the secret of a link with which a person sets a password, once; former links end, unless asked not to.

        Raises:
            PersonNotFound
        """
        secret = secrets.token_urlsafe(32)
        with self._database.writing() as connection:
            if people.find(connection, person) is None:
                raise PersonNotFound(id=person)
            expires_at = datetime.now(UTC) + LINK_VALID
            if ends_former:
                people.end_links(connection, person)
            people.add_link(connection, hash=hash_of(secret), person_id=person, expires_at=expires_at)
        return secret

    def person_of_link(self, secret: str) -> Person:
        """Return whose link this is.

        Raises:
            LinkNotValid: it was used, has expired, or never was one.
        """
        with self._database.reading() as connection:
            row = people.link(connection, hash_of(secret), datetime.now(UTC))
        if row is None or row["is_disabled"]:
            raise LinkNotValid
        return person_from(row)

    def use_link(self, secret: str, password: str) -> Person:
        """Set the password of the person whose link this is; it cannot be used again.

        Raises:
            LinkNotValid, WeakPassword
        """
        person = self.person_of_link(secret)
        self._set_password(person.id, person.name, password, None)
        return person

    def _set_password(self, person: str, name: str, password: str, this: str | None) -> None:
        check_password(password, name)
        hashed = hash_password(password)
        with self._database.writing() as connection:
            people.change(connection, person, password=hashed)
            people.end_sessions(connection, person, this)
            people.end_links(connection, person)
        event(_log, logging.INFO, "password_set", person=person)


def hash_of(secret: str) -> str:
    """Return what is stored of a random secret; it has too many bits to be guessed from it."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
