"""A server with a login, and people on it: the application alone, without a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from app.composition import login_rule
from app.domain.people import Permission, Person, Role
from app.main import create_app
from app.services.people import passwords
from app.services.people.accounts import Accounts
from app.settings import Settings
from tests.databases import database_in

PASSWORD = "four words in a row"
ADDRESS = "http://127.0.0.1"
# A password takes a fifth of a second of computing on purpose, and each test here has several.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Office:
    """A server with a login."""

    client: TestClient
    accounts: Accounts
    people: dict[str, Person] = field(default_factory=dict)

    def add(self, name: str, role: Role = Role.MEMBER) -> Person:
        self.people[name] = self.accounts.people.add(name, role, password=PASSWORD)
        return self.people[name]

    def logged_in(self, name: str) -> TestClient:
        """Return a client with a cookie of a session of this person."""
        client = self.stranger()
        answer = client.post("/api/v1/login", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 204, answer.text
        return client

    def with_key(self, name: str, *scopes: Permission) -> TestClient:
        """Return a client that sends an API key of this person."""
        secret = self.accounts.keys.create(self.people[name].id, "key", scopes)[1]
        return self.stranger({"authorization": f"Bearer {secret}"})

    def stranger(self, headers: Mapping[str, str] | None = None) -> TestClient:
        """Return a client that nobody is logged in with, of the same running application."""
        client = TestClient(
            self.client.app,
            base_url=ADDRESS,
            headers={"accept-language": "en"} | dict(headers or {}),
            raise_server_exceptions=False,
            follow_redirects=False,
        )
        client.portal = self.client.portal
        client.app_state.update(self.client.app_state)
        return client


@contextmanager
def office(settings: Settings, **values: Any) -> Iterator[Office]:
    """Serve the data folder of `settings` with a login, and one administrator called admin."""
    settings = settings.model_copy(update={"login": "always", **values})
    with quick_passwords(), closing(database_in(settings.data_dir)) as database:
        database.migrate()
        accounts = Accounts(database, login_rule(settings))
        if not accounts.people.is_anybody():
            accounts.begin(PASSWORD)
        with TestClient(create_app(settings, start_worker=False), base_url=ADDRESS) as client:
            found = {person.name: person for person, _ in accounts.people.everybody()}
            yield Office(client, accounts, found)


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Hash passwords with parameters that would not stop anybody; tests/web/test_logins.py tries the real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", QUICK_HASHER)
        patch.setattr(passwords, "_NOBODYS", QUICK_HASHER.hash("nobody's"))
        yield


def send_recording(client: TestClient, file: Path) -> dict[str, Any]:
    answer = client.post("/api/v1/transcriptions", files={"file": (file.name, file.read_bytes())})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
