"""Reloads the model when another is selected or its settings change, and unloads it when idle.

It runs in the process that owns the inference process, and notices selections made by other processes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from app.domain.errors.base import Problem
from app.domain.errors.inference import InferenceUnavailable
from app.engine import EngineSpec
from app.logging import event
from app.services.inference.role import Inference
from app.services.inference.status import Stopped
from app.services.models.choice import Choice
from app.services.models.models import Models
from app.services.settings import SettingsStore

LOOK_SECONDS = 1.0
FAREWELL_SECONDS = 5.0

_log = logging.getLogger(__name__)


class ModelReloader:
    """Watches the selection and the idle time."""

    def __init__(
        self,
        models: Models,
        inference: Inference,
        spec_of: Callable[[Path], EngineSpec],
        idle_seconds: Callable[[], float],
        settings: SettingsStore | None = None,
    ) -> None:
        self._models = models
        self._inference = inference
        self._spec_of = spec_of
        self._idle_seconds = idle_seconds
        self._settings = settings
        self._stopping = Event()
        self._refused: Choice | None = None
        """The selection that failed, so that it is not retried every second."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch during the block."""
        thread = Thread(target=self._run, name="model-keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._models.chosen.set()
            thread.join(FAREWELL_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with suppress(Stopped):
                try:
                    self._check()
                except Exception:  # noqa: BLE001 - a bug must not end the thread
                    event(_log, logging.ERROR, "model_keeper_stumbled", exc_info=True)
            self._models.chosen.wait(LOOK_SECONDS)
            self._models.chosen.clear()

    def _check(self) -> None:
        if not self._models.places.fixed:
            self._follow()
        if self._models.renewed.is_set():
            self._models.renewed.clear()
            self._renew()
        if self._settings and self._settings.engine_is_outdated:
            self._reload(self._settings)
        if idle_seconds := self._idle_seconds():
            self._inference.unload_if_idle(idle_seconds)

    def _renew(self) -> None:
        """Restart the inference process so that it sees newly installed packages."""
        self._refused = None
        with suppress(InferenceUnavailable):  # shown in the status; the old engine is restored
            self._inference.use(self._spec_of(self._inference.spec.model_dir))

    def _reload(self, settings: SettingsStore) -> None:
        """Reload the same model with changed settings, or revert them."""
        now = settings.now
        try:
            self._inference.use(self._spec_of(self._inference.spec.model_dir))
        except InferenceUnavailable as error:
            event(_log, logging.ERROR, "settings_refused", exc_info=True)
            settings.engine_refused(now, _cause(error))
        else:
            settings.engine_loaded(now)
            event(_log, logging.INFO, "settings_loaded")

    def _follow(self) -> None:
        choice = self._models.choice.read()
        folder = self._models.folder_in_use()
        if folder == self._inference.spec.model_dir:
            self._settle(choice)
        elif choice != self._refused:
            self._switch(choice, folder)

    def _settle(self, choice: Choice) -> None:
        """Record the outcome of a selection made before this process started."""
        status = self._inference.status()
        if choice.previous and status.state in ("ready", "busy"):
            self._models.choice.confirm(choice.model)
        elif choice.previous and status.problem:
            self._models.choice.refuse(choice.model, status.problem)

    def _switch(self, choice: Choice, folder: Path) -> None:
        try:
            self._inference.use(self._spec_of(folder))
        except InferenceUnavailable as error:
            event(_log, logging.ERROR, "model_refused", exc_info=True, model=choice.model)
            self._refused = self._models.choice.refuse(choice.model, _cause(error))
        else:
            self._models.choice.confirm(choice.model)
            event(_log, logging.INFO, "model_switched", model=choice.model)


def _cause(error: InferenceUnavailable) -> Problem:
    reason = error.params.get("reason")
    return Problem.from_dict(reason) if isinstance(reason, dict) else error.problem
