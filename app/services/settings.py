"""The current settings: those of the start plus changes made on the settings page.

A change is validated, stored, and then takes effect. The values the engine was loaded with are kept, so that a change
that does not load can be reverted. Used by the pages and the model reloader; nothing here knows HTTP.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Any

from pydantic import ValidationError

from app.domain.errors.base import Problem, Reason
from app.domain.errors.settings import SettingFixed, SettingRefused, SettingsNotKept, SettingUnknown
from app.domain.reasons import AT_LEAST, AT_MOST, MORE_THAN, NO_FITTING_NUMBER, ONE_OF, plain_reason
from app.logging import event
from app.setting_rules import ON_PAGE, Effect, broken_rules
from app.settings import Origin, Settings, checked_value, kept_settings
from app.settings_file import (
    SETTINGS_FILE,
    KeptSettings,
    alone,
    read_refused,
    set_damaged_aside,
    write_kept,
    write_refused,
)

_log = logging.getLogger(__name__)

RELOADED = tuple(name for name, effect in ON_PAGE.items() if effect is Effect.RELOAD)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A change that was reverted because the engine did not load with it."""

    values: Mapping[str, Any]
    """The requested values."""
    problem: Problem


class SettingsStore:
    """Thread-safe; changes by other processes are noticed, too."""

    def __init__(self, settings: Settings, changed: Event, apply: Callable[[Settings], None] = lambda _: None) -> None:
        """Open the settings of a process.

        Args:
            settings: the settings at the start.
            changed: set when a setting is changed in this process.
            apply: called with the new settings whenever any process has changed them.
        """
        self.at_start = settings
        self._changed = changed
        self._apply = apply
        self._now = self._loaded = settings
        self._damage = ""
        self._stamp: tuple[int, int] | None = None
        self._lock = Lock()
        self._report_damage(self._kept().damage)

    @property
    def file(self) -> Path:
        return self.at_start.data_dir / SETTINGS_FILE

    @property
    def now(self) -> Settings:
        """The current settings; those that need a restart change only with it."""
        with self._lock:
            self._reload_if_changed()
            return self._now

    @property
    def damage(self) -> str:
        """Why the settings file could not, or not completely, be read."""
        self.now  # noqa: B018 - reloads a changed file
        return self._damage

    @property
    def taken_back(self) -> TakenBack | None:
        """The last reverted change, until the next change; another process may have recorded it."""
        if (refused := read_refused(self.at_start.data_dir)) is None:
            return None
        try:
            return TakenBack(dict(refused["values"]), Problem.from_dict(refused["problem"]))
        except (KeyError, TypeError, ValueError):  # written by another version of this program
            return None

    def change(self, changes: Mapping[str, Any]) -> Settings:
        """Store new values, all or none; None restores the default.

        Raises:
            SettingUnknown, SettingFixed, SettingRefused, SettingsNotKept
        """
        checked = {name: self._checked(name, value) for name, value in changes.items()}
        with self._changing():
            self._refuse_broken_rules(checked)
            self._store(checked)
            write_refused(self.at_start.data_dir, None)
        event(_log, logging.INFO, "settings_changed", names=",".join(changes))
        self._changed.set()
        return self.now

    # What the engine is loaded with

    @property
    def engine_is_outdated(self) -> bool:
        """Return whether the engine must be reloaded for the settings to take effect."""
        now = self.now
        return any(getattr(now, name) != getattr(self._loaded, name) for name in RELOADED)

    def engine_changes(self, now: Settings) -> dict[str, Any]:
        """Return the engine settings that differ from those at the start."""
        names = (name for name in RELOADED if getattr(now, name) != getattr(self.at_start, name))
        return {name: getattr(now, name) for name in names}

    def engine_loaded(self, settings: Settings) -> None:
        self._loaded = settings

    def engine_refused(self, settings: Settings, problem: Problem) -> None:
        """Revert what the engine did not load with, except what a person has changed again meanwhile.

        Raises:
            SettingsNotKept
        """
        refused = {
            name: getattr(settings, name) for name in RELOADED if getattr(settings, name) != getattr(self._loaded, name)
        }
        with self._changing():
            stale = [name for name in refused if getattr(self._now, name) == refused[name]]
            self._store({name: self._before(name) for name in stale})
            write_refused(self.at_start.data_dir, {"values": refused, "problem": problem.to_dict()})
        self._changed.set()

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

    def _refuse_broken_rules(self, changes: Mapping[str, Any]) -> None:
        fields = Settings.model_fields
        changed = {name: fields[name].default if value is None else value for name, value in changes.items()}
        for rule in broken_rules({name: getattr(self._now, name) for name in fields} | changed):
            name = next((name for name in rule.names if name in changes), rule.names[0])
            raise SettingRefused(name=name, field=name, reason=rule.reason)

    def _kept(self) -> KeptSettings:
        origins = (Origin.OPTION, Origin.ENVIRONMENT)
        names = [name for name in ON_PAGE if self.at_start.origin(name) in origins]
        return kept_settings(self.at_start.data_dir, {name: getattr(self.at_start, name) for name in names})

    def _origin(self, name: str) -> Origin:
        return self._now.origin(name)

    def _before(self, name: str) -> Any:
        """Return the page's value that the engine was loaded with; None if it was the default."""
        return getattr(self._loaded, name) if self._loaded.origin(name) is Origin.PAGE else None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Read and change the file under an exclusive lock."""
        folder = self.at_start.data_dir
        try:
            with self._lock, alone(folder):
                self._reload_if_changed()
                yield
        except OSError as error:
            raise SettingsNotKept(folder=str(folder), reason=error.strerror or str(error)) from error

    def _store(self, changes: Mapping[str, Any]) -> None:
        """Write the page's values with `changes` applied; only inside `_changing`."""
        if self._damage:
            set_damaged_aside(self.at_start.data_dir)
        kept = {name: getattr(self._now, name) for name in ON_PAGE if self._origin(name) is Origin.PAGE}
        values = {name: value for name, value in (kept | dict(changes)).items() if value is not None}
        write_kept(self.at_start.data_dir, values)
        self._reload_if_changed()

    def _reload_if_changed(self) -> None:
        """Reload the file if it has changed."""
        stamp = _stamp_of(self.file)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        kept = self._kept()
        before, self._now = self._now, self._now.with_page(kept.values)
        if self._now != before:
            self._apply(self._now)
        if kept.damage != self._damage:
            self._report_damage(kept.damage)

    def _report_damage(self, damage: str) -> None:
        self._damage = damage
        if damage:
            event(_log, logging.WARNING, "settings_damaged", file=self.file, reason=damage)


def _stamp_of(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _reason(error: ValidationError) -> Reason:
    """Translate a pydantic error into a Reason."""
    first = error.errors()[0]
    limits = first.get("ctx", {})
    if "ge" in limits:
        return AT_LEAST.of(value=f"{limits['ge']:g}")
    if "gt" in limits:
        return MORE_THAN.of(value=f"{limits['gt']:g}")
    if "le" in limits:
        return AT_MOST.of(value=f"{limits['le']:g}")
    if first["type"] in ("literal_error", "string_pattern_mismatch"):
        return ONE_OF.of(values=limits.get("expected") or "auto, cpu, mps, cuda, cuda:0, cuda:1 …")
    if first["type"].startswith(("int", "float")):
        return NO_FITTING_NUMBER
    return plain_reason(str(first["msg"]))
