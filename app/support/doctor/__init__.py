"""The doctor: checks everything recognition needs, and reports for each what it found and what to do.

Nothing is changed. What may crash (torch, a driver) runs in a child process, so that a crash is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from app.domain.errors.base import N_
from app.support.doctor import cluster, computing, environment, packages, places
from app.support.doctor.check import Check, Status, Subject, warning
from app.support.doctor.object_store import object_store

__all__ = ["Check", "Status", "Subject", "examine", "glance"]


class Examination(Protocol):
    """A function that checks one thing."""

    __name__: str

    def __call__(self, subject: Subject, /) -> Iterable[Check]: ...


QUICK: tuple[Examination, ...] = (
    packages.python,
    packages.packages,
    places.folders,
    places.temp_folder,
    places.disk,
    places.orphans,
    object_store,
    environment.network,
    environment.decoder_sandbox,
    cluster.room,
)
"""Checks that take milliseconds, in the order in which a person would fix things."""

SLOW: tuple[Examination, ...] = (
    places.database,
    environment.media,
    environment.port,
    environment.proxy,
    environment.clock,
    computing.devices,
    computing.model_files,
    computing.recognition,
    cluster.nodes,
)


def examine(subject: Subject) -> list[Check]:
    """Run all checks; takes several seconds, mostly for loading the model."""
    return _checks(QUICK + SLOW, subject)


def glance(subject: Subject) -> list[Check]:
    """Run the checks cheap enough for a server to repeat periodically."""
    return _checks(QUICK, subject)


def examine_database(subject: Subject) -> list[Check]:
    """Return the checks of the database alone; they read all of it."""
    return _checks((places.database,), subject)


def _checks(examinations: Iterable[Examination], subject: Subject) -> list[Check]:
    return [check for examination in examinations for check in _made(examination, subject)]


def _made(examination: Examination, subject: Subject) -> Iterator[Check]:
    """Run one examination; if it fails to run, that does not count against its subject."""
    try:
        yield from examination(subject)
    except Exception as error:  # noqa: BLE001 - one check must not break the report
        fact = N_("This could not be looked at: {reason}")
        advice = N_("Look at {name} by hand; a support case from the page /logs helps to mend the doctor.")
        name = examination.__name__
        reason = str(error) or type(error).__name__
        yield warning(name, fact, advice, name=name, reason=reason)
