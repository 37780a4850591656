"""One model as shown to users: identity, location, state. Plain values; engine types stay inside."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from app.domain.errors.base import AppError, Problem
from app.engine.catalog.known_models import BUILTINS, KnownModel, Role
from app.engine.catalog.registry import ModelFolder, identify
from app.services.models.download_folder import DownloadStatus

__all__ = ["ModelEntry", "ModelState", "Role", "describe"]


class ModelState(StrEnum):
    """State of a model. Only those in use or ready are usable."""

    IN_USE = "in_use"
    SWITCHING = "switching"
    """Selected, but not loaded yet."""
    READY = "ready"
    DAMAGED = "damaged"
    PULLING = "pulling"
    STOPPED = "stopped"
    """Partly downloaded."""
    AVAILABLE = "available"
    """Available on a hub."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model."""

    name: str
    title: str
    state: ModelState
    family: str
    role: Role
    languages: tuple[str, ...]
    abilities: tuple[str, ...]
    """Any of `times`, `hotwords`, `itn` and `punctuation`."""
    licence: str
    note: str
    hubs: tuple[str, ...]
    """Hubs that offer it, preferred one first."""
    parameters: int | None
    size_bytes: int | None
    size_is_estimate: bool
    folder: Path | None
    """Its folder; None if not installed."""
    is_builtin: bool
    is_linked: bool
    """Whether it is a linked folder, whose files are never deleted."""
    pull: DownloadStatus | None
    problem: Problem | None
    """Why it cannot be used, why its download stopped, or why it did not load."""

    @property
    def is_here(self) -> bool:
        return self.folder is not None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Current facts about a model that are not in its files."""

    is_chosen: bool = False
    is_switching: bool = False
    is_linked: bool = False
    refusal: Problem | None = None
    """Why it did not load when selected."""
    damage: Problem | None = None
    """What the last verification found."""


def describe(
    name: str, folder: Path, known: KnownModel | None, pull: DownloadStatus | None, now: Circumstances
) -> ModelEntry:
    """Return the entry of the model in `folder`, which need not exist yet."""
    is_here = folder.is_dir()
    found, trouble = _identified(folder) if is_here or now.is_linked else (None, None)
    trouble = trouble or now.damage
    source = known.sources if known else {pull.hub: pull.id} if pull else {}
    size_bytes = found.size_bytes if found else known.estimated_bytes if known else None
    return ModelEntry(
        name=name,
        title=known.title if known else name,
        state=_state(is_here or now.is_linked, trouble, pull, now),
        family=known.family if known else found.kind.family if found else "",
        role=known.role if known else found.role if found else Role.RECOGNITION,
        languages=_first(found.languages if found else (), known.languages if known else ()),
        abilities=found.abilities if found else known.abilities if known else (),
        licence=known.licence if known else "",
        note=known.note if known else "",
        hubs=tuple(source),
        parameters=known.parameters if known else None,
        size_bytes=size_bytes,
        size_is_estimate=found is None and not (known and known.size_bytes),
        folder=folder if is_here or now.is_linked else None,
        is_builtin=name in BUILTINS,
        is_linked=now.is_linked,
        pull=pull,
        problem=trouble or (pull.problem if pull else None) or now.refusal,
    )


def found_in(folder: Path) -> ModelFolder | None:
    """Return the model in a folder; None if there is no complete one."""
    return _identified(folder)[0]


def languages_in(folder: Path) -> tuple[str, ...]:
    """Return the languages of the model in a folder, as far as its files declare them."""
    found, _ = _identified(folder)
    return found.languages if found else ()


def _identified(folder: Path) -> tuple[ModelFolder | None, Problem | None]:
    """Identify the model, or return why there is none; cached until one of the files changes."""
    try:
        entries = [(entry.name, entry.stat()) for entry in os.scandir(folder)]
    except OSError:
        entries = []
    files = tuple(sorted((name, facts.st_size, facts.st_mtime_ns) for name, facts in entries))
    return _identify(folder, files)


@lru_cache(maxsize=256)
def _identify(folder: Path, _files: tuple[tuple[str, int, int], ...]) -> tuple[ModelFolder | None, Problem | None]:
    try:
        return identify(folder), None
    except AppError as error:
        return None, error.problem


def _state(is_here: bool, trouble: Problem | None, pull: DownloadStatus | None, now: Circumstances) -> ModelState:
    if pull and pull.is_running:
        return ModelState.PULLING
    if is_here and trouble:
        return ModelState.DAMAGED
    if is_here and now.is_chosen:
        return ModelState.SWITCHING if now.is_switching else ModelState.IN_USE
    if is_here:
        return ModelState.READY
    return ModelState.STOPPED if pull else ModelState.AVAILABLE


def _first(*values: tuple[str, ...]) -> tuple[str, ...]:
    return next(filter(None, values), ())
