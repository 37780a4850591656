"""What the doctor found, and when. A server keeps its newest whole examination, for the cases that are made after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from app.support.doctor import examine, examine_database, glance
from app.support.doctor.check import Check, Subject


@dataclass(frozen=True, slots=True)
class Examination:
    """All checks of one look."""

    checks: tuple[Check, ...]
    at: datetime
    seconds: float
    """That it took."""
    is_quick: bool
    """The model was not loaded."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "is_quick": self.is_quick,
            "checks": [check.explained() for check in self.checks],
        }


class Doctor:
    """Examines one installation; every method may be called from any thread."""

    def __init__(self, subject: Callable[[], Subject]) -> None:
        self._subject = subject
        self._newest: Examination | None = None
        self._one_at_a_time = Lock()  # a look loads the model once more

    def glance(self) -> Examination:
        """Make the checks that take no time."""
        return self._examine(glance, is_quick=True)

    def examine(self) -> Examination:
        """Make all checks; they take some seconds."""
        with self._one_at_a_time:
            self._newest = self._examine(examine, is_quick=False)
            return self._newest

    @property
    def newest(self) -> Examination:
        """The newest of all checks, or a glance where they were never made."""
        return self._newest or self.glance()

    def database(self) -> tuple[Check, ...]:
        """Read the whole database and say whether it is sound."""
        return tuple(examine_database(self._subject()))

    def _examine(self, look: Callable[[Subject], list[Check]], *, is_quick: bool) -> Examination:
        at, started = datetime.now(UTC), time.monotonic()
        checks = tuple(look(self._subject()))
        return Examination(checks, at, time.monotonic() - started, is_quick)
