"""Finds the class of an error that was stored with a job."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from app.domain.errors import (  # noqa: F401 - their classes are found as subclasses
    audio,
    backup,
    batches,
    cases,
    clients,
    inference,
    live,
    models,
    requests,
    settings,
    setup,
    transcriptions,
    uploads,
)
from app.domain.errors.base import AppError


@cache
def kind_of(code: str) -> type[AppError]:
    """Return the class of the errors with this code; AppError for an unknown one."""
    return next((kind for kind in _below(AppError) if kind.code == code), AppError)


def _below(kind: type[AppError]) -> Iterator[type[AppError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
