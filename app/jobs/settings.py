"""The settings that hold now: those of the start, with what has been changed on the page since.

A change is checked, kept on the disk, and then holds. What the engine was loaded with is remembered, so that a
change that does not load can be taken back. Pages and the model keeper ask here; nothing here knows HTTP.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Any

from pydantic import ValidationError

from app.errors import N_, DiskFull, Problem, SettingFixed, SettingRefused, SettingUnknown
from app.logging import event
from app.settings import ON_PAGE, Effect, Origin, Settings, checked_value, kept_settings
from app.settings_file import SETTINGS_FILE, write_kept

_log = logging.getLogger(__name__)

RELOADED = tuple(name for name, effect in ON_PAGE.items() if effect is Effect.RELOAD)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A change that the engine did not load with."""

    values: Mapping[str, Any]
    """What was asked for."""
    problem: Problem


class SettingsBook:
    """Every method may be called from any thread; a change by another process is seen, too."""

    def __init__(self, settings: Settings, changed: Event) -> None:
        self.at_start = settings
        self._changed = changed  # set when something has been changed in this process
        self.taken_back: TakenBack | None = None
        self._now = self._loaded = settings
        self._damage = ""
        self._stamp: tuple[int, int] | None = None
        self._lock = Lock()
        self._tell_damage(kept_settings(settings.data_dir).damage)

    @property
    def file(self) -> Path:
        return self.at_start.data_dir / SETTINGS_FILE

    @property
    def now(self) -> Settings:
        """The settings that hold; those that need a restart hold after it."""
        with self._lock:
            self._look()
            return self._now

    @property
    def damage(self) -> str:
        """Why the file of the page was not, or not wholly, read."""
        self.now  # noqa: B018 - looks at the file
        return self._damage

    def change(self, changes: Mapping[str, Any]) -> Settings:
        """Keep new values; None goes back to the default. All of them hold, or none.

        Raises:
            SettingUnknown, SettingFixed, SettingRefused, DiskFull
        """
        checked = {name: self._checked(name, value) for name, value in changes.items()}
        with self._lock:
            self._look()
            kept = {name: getattr(self._now, name) for name in ON_PAGE if self._origin(name) is Origin.PAGE}
            self._keep({name: value for name, value in (kept | checked).items() if value is not None})
            self.taken_back = None
        event(_log, logging.INFO, "settings_changed", names=",".join(changes))
        self._changed.set()
        return self.now

    # What the engine is loaded with

    @property
    def engine_is_outdated(self) -> bool:
        """Whether the engine has to be loaded again for the settings to hold."""
        now = self.now
        return any(getattr(now, name) != getattr(self._loaded, name) for name in RELOADED)

    def engine_changes(self, now: Settings) -> dict[str, Any]:
        """Return what differs from the start, of what the engine is loaded with."""
        names = (name for name in RELOADED if getattr(now, name) != getattr(self.at_start, name))
        return {name: getattr(now, name) for name in names}

    def engine_loaded(self, settings: Settings) -> None:
        self._loaded = settings

    def engine_refused(self, settings: Settings, problem: Problem) -> None:
        """Take back what the engine did not load with."""
        refused = {
            name: getattr(settings, name)
            for name in RELOADED
            if getattr(settings, name) != getattr(self._loaded, name)
        }
        was_kept = {name for name in refused if self._loaded.origin(name) is Origin.PAGE}
        self.change({name: getattr(self._loaded, name) if name in was_kept else None for name in refused})
        self.taken_back = TakenBack(refused, problem)

    # Internal

    def _checked(self, name: str, value: Any) -> Any:
        if name not in Settings.model_fields:
            raise SettingUnknown(name=name, field=name)
        if name not in ON_PAGE or self._origin(name) in (Origin.OPTION, Origin.ENVIRONMENT):
            raise SettingFixed(name=name, field=name)
        if value is None:
            return None
        try:
            return checked_value(name, value)
        except ValidationError as error:
            raise SettingRefused(name=name, field=name, reason=_reason(error)) from error

    def _origin(self, name: str) -> Origin:
        return self._now.origin(name)

    def _keep(self, values: Mapping[str, Any]) -> None:
        try:
            write_kept(self.at_start.data_dir, values)
        except OSError as error:
            raise DiskFull(folder=str(self.at_start.data_dir)) from error
        self._look()

    def _look(self) -> None:
        """Read the file again where it is another one than before."""
        stamp = _stamp_of(self.file)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        kept = kept_settings(self.at_start.data_dir)
        self._now = self._now.with_page(kept.values)
        if kept.damage != self._damage:
            self._tell_damage(kept.damage)

    def _tell_damage(self, damage: str) -> None:
        self._damage = damage
        if damage:
            event(_log, logging.WARNING, "settings_damaged", file=self.file, reason=damage)


def _stamp_of(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _reason(error: ValidationError) -> str:
    """Say in our words what pydantic found; figures stand after a colon, as the catalogue wants it."""
    first = error.errors()[0]
    limits = first.get("ctx", {})
    if "ge" in limits:
        return N_("The least is") + f": {limits['ge']:g}"
    if "gt" in limits:
        return N_("It must be more than") + f": {limits['gt']:g}"
    if "le" in limits:
        return N_("The most is") + f": {limits['le']:g}"
    if first["type"] in ("literal_error", "string_pattern_mismatch"):
        return N_("Possible are") + f": {limits.get('expected') or 'auto, cpu, mps, cuda, cuda:0, cuda:1 …'}"
    if first["type"].startswith(("int", "float")):
        return N_("This is not a number that fits.")
    return str(first["msg"])
