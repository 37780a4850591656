"""`python -m app people`: accounts from the command line; the server may be running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from app.composition import login_rule, open_store
from app.domain.errors.people import PersonNotFound
from app.domain.people import Role
from app.services.people.accounts import Accounts
from app.settings import Settings

LINK = "The link sets the password of {name}, once, within 3 days; put the address of the server before it:\n    /welcome#{secret}"


def list_people(settings: Settings) -> int:
    """Print name, role and state of everybody.

    Raises:
        DatabaseUnusable, DataBeingRestored
    """
    with _accounts(settings) as accounts:
        found = accounts.people.everybody()
    for person, usage in found:
        state = "disabled" if person.is_disabled else "active" if person.has_password else "no password yet"
        print(f"{person.name}\t{person.role.value}\t{state}\t{usage.recordings} recordings")
    if not found:
        print("There are no accounts. The first one is made when the server starts on an address that others reach.")
    return 0


def add_person(settings: Settings, name: str, role: Role) -> int:
    """Add a person, and print the link with which they set a password.

    Raises:
        NameTaken, InvalidParameter, DatabaseUnusable, DataBeingRestored, DiskFull
    """
    with _accounts(settings) as accounts:
        person = accounts.people.add(name, role)
        secret = accounts.logins.offer_link(person.id)
    print(LINK.format(name=person.name, secret=secret))
    return 0


def print_link(settings: Settings, name: str) -> int:
    """Print a link with which a person sets a new password.

    Raises:
        PersonNotFound, DatabaseUnusable, DataBeingRestored, DiskFull
    """
    with _accounts(settings) as accounts:
        people = [person for person, _ in accounts.people.everybody() if person.name.casefold() == name.casefold()]
        if not people:
            raise PersonNotFound(id=name)
        secret = accounts.logins.offer_link(people[0].id)
    print(LINK.format(name=people[0].name, secret=secret))
    return 0


@contextmanager
def _accounts(settings: Settings) -> Iterator[Accounts]:
    with closing(open_store(settings)) as database:
        database.migrate()
        yield Accounts(database, login_rule(settings))
