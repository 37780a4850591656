"""The packages that models need: which ones, whether they are installed, and installing them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.domain.errors.models import ExtraNotInstalled
from app.engine.catalog.extras import OF_NAMES, SOUND_EVENTS, Extra, extra_of
from app.services.models.entries import ModelEntry, found_in
from app.services.models.extras import Extras, ExtraStatus


class ModelExtras:
    """The packages of every model, by model name. Methods may be called from any thread.

    Args:
        models_dir: holds the lock of installations.
        folder_of: returns the folder of a model, whether it exists or not.
        installed: called when packages have been installed.
    """

    def __init__(self, models_dir: Path, folder_of: Callable[[str], Path], installed: Callable[[], None]) -> None:
        self._folder_of = folder_of
        self._extras = Extras(models_dir, installed)

    def status(self, entry: ModelEntry) -> ExtraStatus | None:
        """Return what a model, installed or not, still needs; None if nothing."""
        extra = self._extra_of(entry.name) if entry.is_here else OF_NAMES.get(entry.name)
        return self._extras.status(extra) if extra else None

    def begin(self, name: str) -> None:
        """Install the packages of a model in the background.

        Raises:
            ExtraNotInstalled: not possible from here; carries the command to run instead.
        """
        if extra := self._extra_of(name):
            self._extras.begin(extra)

    def begin_if_possible(self, name: str) -> None:
        """Install the packages of a model in the background; if impossible, its card shows the command."""
        with suppress(ExtraNotInstalled):
            self.begin(name)

    def finish(self, name: str) -> None:
        """Wait until the installation for a model has ended.

        Raises:
            ExtraNotInstalled
        """
        if extra := self._extra_of(name):
            self._extras.finish(extra)

    def status_of_sound_events(self) -> ExtraStatus | None:
        """Return what the detection of sound events, which is no model of a folder, still needs; None if nothing."""
        return self._extras.status(SOUND_EVENTS)

    def begin_sound_events(self) -> None:
        """Install what the detection of sound events needs, in the background.

        Raises:
            ExtraNotInstalled: not possible from here; carries the command to run instead.
        """
        self._extras.begin(SOUND_EVENTS)

    def stop(self) -> None:
        """Abort a running installation."""
        self._extras.stop()

    def _extra_of(self, name: str) -> Extra | None:
        """Return the extra that a model needs; None if its folder holds no model."""
        folder = self._folder_of(name)
        found = found_in(folder)
        return extra_of(found.architecture, folder) if found else None
