"""Monitors the running server: repeats the doctor's quick checks periodically."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from app.domain.errors.base import Problem
from app.logging import event
from app.periodic import Periodic
from app.support.doctor import Check, Status
from app.support.doctor.examination import Doctor

LOOK_SECONDS = 60.0
DATABASE_SECONDS = 86_400.0  # between two looks at every page of the database
COMPLAINTS = (Status.WARNING, Status.FAILURE)

_log = logging.getLogger(__name__)


class Health:
    """The current problems; each new one is logged once."""

    def __init__(
        self,
        doctor: Doctor,
        model_problem: Callable[[], Problem | None] = lambda: None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._doctor = doctor
        self._model_problem = model_problem
        self._look_seconds = look_seconds
        self._complaints: tuple[Check, ...] = ()
        self._database: tuple[Check, ...] = ()
        self._database_due = 0.0

    @property
    def complaints(self) -> tuple[Check, ...]:
        """The current problems, worst first; whether recognition works is checked at this moment."""
        problem = self._model_problem()
        return (*(() if problem is None else (_model(problem),)), *self._complaints)

    def running(self) -> AbstractContextManager[None]:
        """Repeat the checks in the background during the block."""
        return Periodic("health", self.refresh, self._look_seconds).running()

    def refresh(self) -> None:
        """Run the checks now."""
        self._examine_database()
        checks = (*self._doctor.glance().checks, *self._database)
        found = [check for check in checks if check.status in COMPLAINTS]
        known = {check.id for check in self._complaints}
        for check in found:
            if check.id not in known:
                told = check.explained()
                event(_log, logging.WARNING, "health_complaint", check=check.id, fact=told["fact"])
        for id in known - {check.id for check in found}:
            event(_log, logging.INFO, "health_restored", check=id)
        self._complaints = tuple(sorted(found, key=lambda check: check.status is not Status.FAILURE))

    def _examine_database(self) -> None:
        """Read the whole database at the start and once a day: damage is found while the backups are still good."""
        if time.monotonic() >= self._database_due:
            self._database_due = time.monotonic() + DATABASE_SECONDS
            self._database = self._doctor.database()


def _model(problem: Problem) -> Check:
    return Check("model", Status.FAILURE, problem.message, problem.advice, problem.params)
