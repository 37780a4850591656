"""The doctor's results. A server keeps its latest full examination for cases created later."""

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
    """All checks of one examination."""

    checks: tuple[Check, ...]
    at: datetime
    seconds: float
    """How long it took."""
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
        self._one_at_a_time = Lock()  # an examination loads another copy of the model

    def glance(self) -> Examination:
        """Run the quick checks."""
        return self._examine(glance, is_quick=True)

    def examine(self) -> Examination:
        """Run all checks; takes several seconds."""
        with self._one_at_a_time:
            self._newest = self._examine(examine, is_quick=False)
            return self._newest

    @property
    def newest(self) -> Examination:
        """The latest full examination, or a glance if there was none."""
        return self._newest or self.glance()

    def database(self) -> tuple[Check, ...]:
        """Read the whole database and say whether it is sound."""
        return tuple(examine_database(self._subject()))

    def _examine(self, look: Callable[[Subject], list[Check]], *, is_quick: bool) -> Examination:
        at, started = datetime.now(UTC), time.monotonic()
        checks = tuple(look(self._subject()))
        return Examination(checks, at, time.monotonic() - started, is_quick)
