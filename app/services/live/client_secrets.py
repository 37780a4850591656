"""Short-lived keys with which browsers open sessions that a server of theirs has configured. They are in memory only."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from app.domain.people import Actor, current_actor

PREFIX = "ek_"
MOST_KEYS = 1000  # the oldest gives way: nobody waits for an hour to use one


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A key and the session that it opens."""

    value: str
    expires_at: int
    """Seconds since the epoch."""
    session: Mapping[str, Any]
    """As it was configured."""
    actor: Actor
    """On whose behalf it was given out."""


@dataclass(slots=True)
class ClientSecrets:
    """All keys that were given out; any thread may use them."""

    _keys: dict[str, ClientSecret] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def create(self, session: Mapping[str, Any], lifetime_seconds: int) -> ClientSecret:
        now = time.time()
        key = ClientSecret(PREFIX + secrets.token_hex(16), round(now) + lifetime_seconds, session, current_actor())
        with self._lock:
            self._keys = {value: kept for value, kept in self._keys.items() if kept.expires_at > now}
            while len(self._keys) >= MOST_KEYS:
                del self._keys[next(iter(self._keys))]
            self._keys[key.value] = key
        return key

    def find(self, value: str) -> ClientSecret | None:
        """Return a key that is still valid."""
        with self._lock:
            key = self._keys.get(value)
        return key if key and key.expires_at > time.time() else None
