"""Logging in by OpenID Connect: the authorization code flow with PKCE, and what becomes of groups here."""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from app.domain.errors.people import LoginExpired, LoginNotAccepted
from app.domain.people import Person, Role
from app.domain.reasons import NO_GROUP, PROVIDER_REFUSED
from app.logging import event
from app.services.people.external import ExternalPeople, Identity
from app.services.people.logins import hash_of
from app.services.people.oidc_provider import OidcProvider

VALID_SECONDS = 600.0
"""How long somebody may take to log in at the provider."""
MOST_PENDING = 10_000
NAME_CLAIMS = ("preferred_username", "email", "name", "sub")
"""What people are called by, where the configured claim is not there."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OidcRule:
    """What the claims of a provider mean here."""

    name_claim: str
    groups_claim: str
    roles: tuple[tuple[Role, str], ...]
    """Groups that have a role, the most powerful first."""
    default_role: Role | None
    """Of people in none of the groups; None: they do not come in."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody on the way to the provider."""

    address: str
    browser: str
    """What the browser's cookie has to hold when they come back."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who came back, and to which page they wanted."""

    person: Person
    next: str


@dataclass(frozen=True, slots=True)
class _Pending:
    browser_hash: str
    nonce: str
    verifier: str
    redirect_uri: str
    next: str
    until: float


class OidcLogin:
    """The login by one provider. Every method may be called from any thread, and may wait for the network."""

    def __init__(
        self,
        provider: OidcProvider,
        rule: OidcRule,
        external: ExternalPeople,
        label: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.label = label
        self._provider = provider
        self._rule = rule
        self._external = external
        self._clock = clock
        self._pending: OrderedDict[str, _Pending] = OrderedDict()
        self._lock = Lock()

    def begin(self, redirect_uri: str, next: str, browser: str = "") -> Departure:
        """Return where to send a browser. `browser` is the cookie of a login that it has begun before.

        Raises:
            LoginProviderUnusable
        """
        browser = browser or secrets.token_urlsafe(32)
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        address = self._provider.authorization_address(redirect_uri, state, nonce, verifier)
        until = self._clock() + VALID_SECONDS
        with self._lock:
            self._pending[hash_of(state)] = _Pending(hash_of(browser), nonce, verifier, redirect_uri, next, until)
            while len(self._pending) > MOST_PENDING:
                self._pending.popitem(last=False)
        return Departure(address, browser)

    def finish(self, answer: Mapping[str, str], browser: str) -> Arrival:
        """Return who came back with the provider's `answer`, the parameters of the address.

        Raises:
            LoginExpired: no login was begun in this browser, or too long ago.
            LoginNotAccepted: the provider or the rules here refuse it.
            LoginProviderUnusable
        """
        pending = self._taken(answer.get("state", ""), browser)
        if "error" in answer:
            event(_log, logging.WARNING, "login_refused_by_provider", error=answer["error"][:100])
            raise LoginNotAccepted(reason=PROVIDER_REFUSED)
        if answer.get("iss", self._provider.issuer) != self._provider.issuer:  # RFC 9207: the answer of another one
            raise LoginExpired
        claims = self._provider.claims(answer.get("code", ""), pending.redirect_uri, pending.nonce, pending.verifier)
        return Arrival(self._admitted(claims), pending.next)

    def _taken(self, state: str, browser: str) -> _Pending:
        """Return a login that was begun in this browser; it cannot be finished twice."""
        with self._lock:
            pending = self._pending.get(hash_of(state))
            is_theirs = pending is not None and hmac.compare_digest(pending.browser_hash, hash_of(browser))
            if pending is None or not is_theirs:
                raise LoginExpired
            del self._pending[hash_of(state)]
        if pending.until < self._clock():
            raise LoginExpired
        return pending

    def _admitted(self, claims: Mapping[str, Any]) -> Person:
        """Return the account of somebody, with role and groups as they are now."""
        groups = _groups(_claim(claims, self._rule.groups_claim))
        identity = Identity(f"{self._provider.issuer} {claims['sub']}", self._name(claims), groups)
        by_group = next((role for role, group in self._rule.roles if group in (groups or ())), None)
        person = self._external.find(identity)
        if by_group is None and self._rule.default_role is None:
            event(_log, logging.WARNING, "login_without_group", person=person.id if person else "")
            raise LoginNotAccepted(reason=NO_GROUP)
        if person is None:
            return self._external.add(identity, by_group or self._rule.default_role or Role.READER)
        # Without groups that mean a role, roles are given here, and stay.
        return self._external.renew(person, groups, by_group or (self._rule.default_role if self._rule.roles else None))

    def _name(self, claims: Mapping[str, Any]) -> str:
        names = (_claim(claims, name) for name in (self._rule.name_claim, *NAME_CLAIMS))
        return next(name for name in names if isinstance(name, str) and name.strip() and name.isprintable())


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim, which may be inside others: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _groups(claim: Any) -> tuple[str, ...] | None:
    """Return the groups of a claim: a list, or one; None if it is absent."""
    if claim is None:
        return None
    listed = claim if isinstance(claim, list) else [claim]
    return tuple(each for each in listed if isinstance(each, str))
