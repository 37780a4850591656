"""Builds what the API answers about people."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from app.web.schemas.people import PersonAnswer

if TYPE_CHECKING:
    from app.domain.people import Person
    from app.services.people.people import Usage


def person_answer(person: Person, usage: Usage) -> PersonAnswer:
    return PersonAnswer(**asdict(person), **asdict(usage))
