"""The doctor: looks at everything the main job needs and says of each what it found and what to do.

Nothing is changed. What may crash (torch, a driver) runs in a child process, so that a crash is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.support.doctor import computing, packages, places, surroundings
from app.support.doctor.check import Check, Status, Subject

__all__ = ["Check", "Status", "Subject", "examine", "glance"]

Examination = Callable[[Subject], Iterable[Check]]

QUICK: tuple[Examination, ...] = (
    packages.python,
    packages.packages,
    places.folders,
    places.disk,
)
"""What costs milliseconds; in the order in which a person would mend things."""

SLOW: tuple[Examination, ...] = (
    places.database,
    surroundings.media,
    surroundings.port,
    surroundings.proxy,
    surroundings.clock,
    computing.devices,
    computing.model_files,
    computing.recognition,
)


def examine(subject: Subject) -> list[Check]:
    """Return all checks; they take some seconds, most of them for loading the model."""
    return _checks(QUICK + SLOW, subject)


def glance(subject: Subject) -> list[Check]:
    """Return the checks that cost so little that a server makes them by itself, again and again."""
    return _checks(QUICK, subject)


def _checks(examinations: Iterable[Examination], subject: Subject) -> list[Check]:
    return [check for examination in examinations for check in examination(subject)]
