"""`python -m app models`: list, download, verify, remove or select models. Nothing happens unasked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.composition import open_models, spec_of_folder
from app.domain.errors.base import AppError
from app.domain.errors.inference import InferenceUnavailable
from app.domain.errors.models import ModelAbsent, ModelDoesNotLoad
from app.hubs.transfer import Report
from app.services.inference.process import InferenceProcess
from app.services.models.entries import Role
from app.services.models.extras import ExtraStatus
from app.services.models.models import RECOMMENDED, ModelEntry, Models, ModelState
from app.settings import Settings

STATES = {
    ModelState.IN_USE: "in use",
    ModelState.SWITCHING: "loading",
    ModelState.READY: "ready",
    ModelState.DAMAGED: "damaged",
    ModelState.PULLING: "downloading",
    ModelState.STOPPED: "incomplete",
    ModelState.AVAILABLE: "-",
}
MOST_LANGUAGES = 6  # shown in one line
BYTES_PER_MB = 1_000_000


def list_models(settings: Settings, *, as_json: bool) -> int:
    entries = open_models(settings).entries()
    print(_as_json(entries) if as_json else _as_table(entries))
    return 0


def pull(settings: Settings, name: str, hub: str | None) -> int:
    """Download in this process; after an interruption the same command resumes."""
    models = open_models(settings)
    entry_size = models.entry(name).size_bytes if "/" not in name else None
    with _progress(name, entry_size) as report:
        entry = models.pull_now(name, hub, report)
    if needed := models.needs(entry):
        _print_needs(entry, needed)
    print(f"{entry.name} is in {entry.folder}")
    if entry.role is Role.RECOGNITION:  # the others are used where they are needed
        print(f"Use it: python -m app models use {entry.name}")
    return 0


def pull_recommended(settings: Settings) -> int:
    """Download the recommended model on the first start; a failure only prints one line."""
    if settings.no_models:
        return 0
    models = open_models(settings)
    if models.places.fixed or models.choice.is_made:
        return 0
    known = models.entry(RECOMMENDED)
    print(f"Bringing {known.title} ({_size(known)}); --no-models leaves it out ...")
    try:
        with _progress(known.title, known.size_bytes) as report:
            models.bring_recommended(report)
    except AppError as error:
        told = error.problem.explained()
        print(f"It did not come: {told['message']} The built-in model reads; the page of models has this one.")
        return 1
    if models.choice.read().model == RECOMMENDED:
        print(f"{known.title} is here and will be used.")
    else:
        print(f"{known.title} is here for its 99 languages; the built-in model reads Mandarin and English better.")
    return 0


def install(settings: Settings, name: str) -> int:
    """Install the packages a model needs; a running server restarts its inference process."""
    models = open_models(settings)
    entry = models.install_now(name)
    if needed := models.needs(entry):
        _print_needs(entry, needed)
        return 1
    print(f"{name}: everything that it needs is installed")
    return 0


def verify(settings: Settings, name: str) -> int:
    verdict = open_models(settings).verify(name)
    if verdict.has_checksums:
        print(f"{name}: every file matches its checksum")
    else:
        print(f"{name}: the files are there; there are no checksums to compare them with")
    return 0


def remove(settings: Settings, name: str, *, is_sure: bool) -> int:
    models = open_models(settings)
    entry = models.entry(name)
    what = "forget the folder of" if entry.is_linked else "delete"
    if not (is_sure or _is_confirmed(f"Really {what} {name}? [y/N] ")):
        print("Nothing was removed.")
        return 1
    models.remove(name)
    print(f"{name} is {'forgotten; its files stay' if entry.is_linked else 'removed'}")
    return 0


def use(settings: Settings, name_or_folder: str) -> int:
    """Load the model once in a child process, and select it only if that succeeds."""
    models = open_models(settings)
    name = _name_of(models, name_or_folder)
    folder = models.check_usable(name)
    _try(name, InferenceProcess(spec_of_folder(settings, folder)))
    models.use(name, is_tried=True)
    print(f"{name} is used from now on; a running server loads it within seconds")
    return 0


def add(settings: Settings, folder: Path) -> int:
    entry = open_models(settings).add_folder(folder.absolute())
    print(f"{entry.folder} is known as {entry.name}")
    return 0


def folder_of(models: Models, name_or_folder: str) -> Path:
    """Return the folder of an installed model, or the one given by path.

    Raises:
        ModelUnknown, ModelAbsent
    """
    if is_path(name_or_folder):
        return Path(name_or_folder).absolute()
    entry = models.entry(name_or_folder)
    if entry.folder is None:
        raise ModelAbsent(name=entry.name, folder=str(models.places.models_dir))
    return entry.folder


def is_path(name_or_folder: str) -> bool:
    path = Path(name_or_folder)
    return path.is_dir() and (path.is_absolute() or len(path.parts) > 1 or name_or_folder.startswith("."))


def _name_of(models: Models, name_or_folder: str) -> str:
    """Return the name; a path is linked first."""
    if is_path(name_or_folder):
        return models.add_folder(Path(name_or_folder).absolute()).name
    return name_or_folder


def _try(name: str, inference: InferenceProcess) -> None:
    try:
        inference.load_now()
    except InferenceUnavailable as error:
        raise ModelDoesNotLoad(name=name, reason=error.params["reason"]) from error
    finally:
        inference.stop()


def _print_needs(entry: ModelEntry, needed: ExtraStatus) -> None:
    packages = ", ".join(needed.extra.packages)
    print(f"{entry.name} also needs {packages}: {needed.obstacle or 'not installed'}\n  {needed.command}")


def _is_confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(question).strip().lower() in ("y", "yes")


@contextmanager
def _progress(name: str, total: int | None) -> Iterator[Report]:
    """Show a progress bar on a terminal; nothing elsewhere."""
    bar: tqdm[Any] = tqdm(
        desc=name, total=total, unit="B", unit_scale=True, disable=not sys.stderr.isatty(), leave=False
    )

    def report(arrived: int) -> None:
        if bar.total is not None and bar.n + arrived > bar.total:  # the size was an estimate
            bar.total = None
        bar.update(arrived)

    with bar:
        yield report


def _as_table(entries: list[ModelEntry]) -> str:
    rows = [("NAME", "STATE", "SIZE", "LANGUAGES", "ABILITIES", "LICENCE")]
    rows += [
        (entry.name, STATES[entry.state], _size(entry), _languages(entry), " ".join(entry.abilities), entry.licence)
        for entry in entries
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _languages(entry: ModelEntry) -> str:
    more = len(entry.languages) - MOST_LANGUAGES
    return " ".join(entry.languages[:MOST_LANGUAGES]) + (f" +{more}" if more > 0 else "")


def _size(entry: ModelEntry) -> str:
    if entry.size_bytes is None:
        return "?"
    return f"{'~' if entry.size_is_estimate else ''}{max(1, round(entry.size_bytes / BYTES_PER_MB))} MB"


def _as_json(entries: list[ModelEntry]) -> str:
    return json.dumps({"models": [_facts(entry) for entry in entries]}, ensure_ascii=False, indent=2)


def _facts(entry: ModelEntry) -> dict[str, Any]:
    names = ("name", "title", "state", "role", "languages", "abilities", "licence", "hubs", "size_bytes")
    facts = {name: getattr(entry, name) for name in names}
    return facts | {
        "folder": str(entry.folder) if entry.folder else None,
        "problem": entry.problem.explained() if entry.problem else None,
    }
