"""REST: accounts, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, status

from app.domain.errors.people import LastAdministrator, NameTaken, PersonNotFound
from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.web.answers.people import person_answer
from app.web.dependencies import ServicesDep
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.people import LinkAnswer, NewPerson, PeopleAnswer, PersonAnswer, PersonChange
from app.web.services import Services

router = ApiRouter(prefix="/people", tags=["people"])
PersonId = Annotated[str, Path(description="Id of the person.", examples=["5f0c2e9b1a44d771"])]


@router.get("", responses=errors())
def list_people(services: ServicesDep) -> PeopleAnswer:
    """List everybody with an account, and how much of theirs is stored; not what."""
    found = services.accounts.people.everybody()
    return PeopleAnswer(people=[person_answer(person, usage) for person, usage in found])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(NameTaken, LastAdministrator, InvalidParameter, RequestTooLarge, changes=True),
)
def add_person(wanted: NewPerson, services: ServicesDep) -> LinkAnswer:
    """Add a person. The answer holds the secret of the link with which they set their password."""
    person = services.accounts.people.add(wanted.name, wanted.role, groups=wanted.groups)
    return _with_link(services, person.id)


@router.patch(
    "/{id}",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(PersonNotFound, NameTaken, LastAdministrator, InvalidParameter, RequestTooLarge, changes=True),
)
def change_person(id: PersonId, change: PersonChange, services: ServicesDep) -> PersonAnswer:
    """Change a person. Whoever is disabled is logged out everywhere, and their keys open nothing."""
    values = change.model_dump(exclude_unset=True)
    for name in ("name", "role", "groups", "is_disabled"):
        if values.get(name, ...) is None:
            del values[name]  # only the limits can be null
    person = services.accounts.people.change(id, **values)
    return person_answer(person, services.accounts.people.usage_of(id))


@router.post("/{id}/link", responses=errors(PersonNotFound, changes=True))
def offer_link(id: PersonId, services: ServicesDep) -> LinkAnswer:
    """Get a new link with which a person sets a password; former links end, the present password does not."""
    return _with_link(services, id)


@router.post("/{id}/logout", status_code=status.HTTP_204_NO_CONTENT, responses=errors(PersonNotFound, changes=True))
def log_person_out(id: PersonId, services: ServicesDep) -> None:
    """End all sessions of a person."""
    services.accounts.people.get(id)
    services.accounts.logins.end_all(id)


@router.delete(
    "/{id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(PersonNotFound, LastAdministrator, InvalidParameter, changes=True),
)
def remove_person(
    id: PersonId,
    heir: Annotated[str, Query(description="Id of the person who gets what is theirs.", max_length=32)],
    services: ServicesDep,
) -> None:
    """Remove a person, with their sessions and keys; what belongs to them becomes that of somebody else."""
    services.accounts.people.remove(id, heir)


def _with_link(services: Services, id: str) -> LinkAnswer:
    secret = services.accounts.logins.offer_link(id)
    person = services.accounts.people.get(id)
    return LinkAnswer(person=person_answer(person, services.accounts.people.usage_of(id)), secret=secret)
