"""Periodic work in a thread, which continues after failures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from app.logging import event

FAREWELL_SECONDS = 5.0  # how long a running step may take to end

_log = logging.getLogger(__name__)


class Periodic:
    """Calls `step` every `seconds`; an exception is logged once until another result, and the calls continue."""

    def __init__(self, name: str, step: Callable[[], None], seconds: float, *, at_once: bool = True) -> None:
        """`at_once` makes the first call immediately."""
        self._stopping = Event()
        self._name = name
        self._step = step
        self._seconds = seconds
        self._at_once = at_once
        self._failure = ""
        """What the last call failed with; empty where it succeeded."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Call `step` during the block; the first call does not delay the block."""
        thread = Thread(target=self._run, name=self._name, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join(FAREWELL_SECONDS)

    def _run(self) -> None:
        if not self._at_once:
            self._stopping.wait(self._seconds)
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 - one failure must not end the thread
                self._note_failure(repr(error))
            else:
                self._note_success()
            self._stopping.wait(self._seconds)

    def _note_failure(self, failure: str) -> None:
        """Log a failure once, not each second for as long as it lasts."""
        if failure != self._failure:
            event(_log, logging.ERROR, "periodic_step_failed", exc_info=True, step=self._name)
        self._failure = failure

    def _note_success(self) -> None:
        if self._failure:
            event(_log, logging.INFO, "periodic_step_recovered", step=self._name)
        self._failure = ""
