"""The models as the web and the command line see them: what there is, fetch, verify, remove, use.

A model is a folder under the models folder, or one elsewhere that a person has pointed at. Nothing is downloaded
unless a person asks. Which model the inference process loads is followed by reloader.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event

from app.domain.errors.base import N_, AppError, Problem
from app.domain.errors.models import (
    ModelAbsent,
    ModelBuiltIn,
    ModelDamaged,
    ModelFixed,
    ModelInUse,
    ModelNotForRecognition,
    ModelUnknown,
    NotAModel,
)
from app.domain.errors.requests import InvalidParameter
from app.engine.catalog.known_models import BUILTIN, BUILTIN_LARGE, RECOMMENDED, Role, known_model
from app.engine.catalog.registry import identify
from app.hubs.checksums import changed_files
from app.hubs.transfer import Patience, Report
from app.logging import event
from app.services.models.catalog import KNOWN_NAMES, ModelCatalog, checked_name
from app.services.models.choice import Choice, ModelChoice
from app.services.models.download import USUAL_PATIENCE
from app.services.models.downloads import ModelDownloads
from app.services.models.entries import Circumstances, ModelEntry, ModelState, describe, languages_in
from app.services.models.extras import ExtraStatus
from app.services.models.model_extras import ModelExtras
from app.services.models.places import ModelPlaces, Verdict

__all__ = [
    "BUILTIN_LARGE",
    "RECOMMENDED",
    "ModelEntry",
    "ModelPlaces",
    "ModelState",
    "Models",
    "Role",
    "Verdict",
]

FILES_NAMED = 5  # of all that are changed

_log = logging.getLogger(__name__)


class Models:
    """All models of one installation. Every method may be called from any thread and any process."""

    def __init__(self, places: ModelPlaces, patience: Patience = USUAL_PATIENCE) -> None:
        self.places = places
        self.choice = ModelChoice(places.data_dir, places.default)
        self.chosen = Event()
        """Set when another model has been chosen in this process."""
        self.renewed = Event()
        """Set when packages have been installed that a process which infers can only see from its start."""
        self.device: Callable[[], str] = lambda: ""
        """Where the model in use computes: `cuda:0` and so on; empty where that is not known."""
        large = {BUILTIN_LARGE: places.large} if places.large else {}
        self._catalog = ModelCatalog({**large, BUILTIN: places.builtin}, places.models_dir)
        self._extras = ModelExtras(places.models_dir, self._folder, self._note_installed)
        self._damage: dict[str, Problem] = {}
        self._pulls = ModelDownloads(places.models_dir, places.wenet_mirror, patience, self._note_whole)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Stop the downloads and installations of this process at the end of the block."""
        with self._pulls.ending():
            try:
                yield
            finally:
                self._extras.stop()

    # Looking

    def entries(self) -> list[ModelEntry]:
        """Return the built-in model, those that are here or arriving, and those that a hub has."""
        choice = self.choice.read()
        names = dict.fromkeys([*self._catalog.names(choice), *KNOWN_NAMES])
        entries = [self._entry(name, choice) for name in names]
        return sorted(entries, key=lambda entry: (not entry.is_builtin, entry.state is ModelState.AVAILABLE))

    def entry(self, name: str) -> ModelEntry:
        """Return one model.

        Raises:
            ModelUnknown: it is neither here nor known.
        """
        entry = self._entry(name, self.choice.read())
        if not (entry.is_here or entry.pull or known_model(name)):
            raise ModelUnknown(name=name, known=", ".join(KNOWN_NAMES))
        return entry

    @property
    def recommended(self) -> str:
        """Return the name of the model that suits this machine best."""
        return self.places.recommended_on(self.device())

    def folder_in_use(self) -> Path:
        """Return the folder of the model that is to be loaded."""
        choice = self.choice.read()
        return self.places.fixed or self._catalog.folder(choice.model, choice)

    def check_in_use(self) -> None:
        """Look whether the files of the model that is to be loaded make one.

        Raises:
            ModelError
        """
        identify(self.folder_in_use())

    def languages_in_use(self) -> tuple[str, ...]:
        """Return what the files of the model that is to be loaded tell of its languages."""
        return languages_in(self.folder_in_use())

    # Fetching

    def pull(self, name: str, hub: str | None = None) -> ModelEntry:
        """Download in the background, or go on with it; a model that is here and whole is left alone.

        Raises:
            ModelUnknown, ModelBuiltIn, InvalidParameter
            ModelBusy: it is being downloaded already.
        """
        source = self._pulls.source(checked_name(name), hub)
        if not self._is_whole(source.name):
            self._pulls.begin(source)
        return self.entry(source.name)

    def pull_now(self, name: str, hub: str | None = None, report: Report = lambda _: None) -> ModelEntry:
        """Download in this thread; `report` is told the bytes that come.

        Raises:
            ModelUnknown, ModelBuiltIn, InvalidParameter, and what Pull.run raises.
        """
        source = self._pulls.source(checked_name(name), hub)
        if not self._is_whole(source.name):
            self._pulls.run(source, Event(), report)
        self._extras.finish(source.name)
        return self.entry(source.name)

    def install(self, name: str) -> ModelEntry:
        """Install in the background what a model needs beside its files.

        Raises:
            ModelUnknown, ModelAbsent
            ExtraNotInstalled: it cannot be done from here; the command that does it.
        """
        self._existing(name)
        self._extras.begin(name)
        return self.entry(name)

    def install_now(self, name: str) -> ModelEntry:
        """Install what a model needs, and wait for it.

        Raises:
            ModelUnknown, ModelAbsent, ExtraNotInstalled
        """
        self.install(name)
        self._extras.finish(name)
        return self.entry(name)

    def needs(self, entry: ModelEntry) -> ExtraStatus | None:
        """Return what a model still needs beside its files, also one that is not here yet; None where it needs nothing."""
        return self._extras.status(entry)

    def bring_recommended(self, report: Report = lambda _: None) -> ModelEntry | None:
        """Download a model of many languages, on the first start of an installation only, and choose it if it is better.

        It is better than the small built-in model in both of its languages, and than the large one in none of them
        (docs/decisions). What a person has chosen, fixed or removed stays as it is; then nothing is done, and None
        returned.

        Raises:
            What Pull.run raises.
        """
        if self.places.fixed or self.choice.is_made:
            return None
        entry = self.pull_now(RECOMMENDED, report=report)
        self.choice.change(lambda choice: replace(choice, offered=RECOMMENDED))
        return entry if self.places.is_default_best else self.use(entry.name)

    def cancel(self, name: str) -> ModelEntry:
        """Stop a download, whichever process works on it; what has arrived stays.

        Raises:
            ModelUnknown
        """
        self._pulls.cancel(checked_name(name))
        return self.entry(name)

    # Changing

    def verify(self, name: str) -> Verdict:
        """Compare every file with its checksum, and see whether the folder is a model.

        Raises:
            ModelUnknown, ModelAbsent
            ModelDamaged: files are changed or missing.
            ModelError: the folder cannot be read as a model.
        """
        folder = self._existing(name)
        self._damage.pop(name, None)
        try:
            changed = changed_files(folder)
            if changed:
                raise ModelDamaged(name=name, files=_shortened(changed))
            identify(folder)
        except AppError as error:
            self._damage[name] = error.problem
            raise
        return Verdict(has_checksums=changed is not None)

    def remove(self, name: str) -> None:
        """Delete a model, or what has arrived of it; a folder elsewhere is only forgotten, its files stay.

        Raises:
            ModelUnknown, ModelBuiltIn
            ModelInUse: it is the one that is used.
            ModelBusy: it is being downloaded.
        """
        entry = self.entry(name)
        if entry.is_builtin:
            raise ModelBuiltIn
        if entry.is_here:
            self._refuse_if_used(entry)
        self._pulls.place(name).discard()
        if entry.is_linked:
            self.choice.change(lambda choice: self._catalog.without_folder(choice, name))
        elif entry.folder:
            self._catalog.delete(entry.folder)
        self._damage.pop(name, None)
        event(_log, logging.INFO, "model_removed", model=name)

    def add_folder(self, folder: Path) -> ModelEntry:
        """Point at a model that lies elsewhere on this machine.

        Raises:
            InvalidParameter: the path does not begin at the root.
            ModelError: there is no model in it.
        """
        if "\0" in str(folder):
            raise NotAModel(folder="?")
        if not folder.is_absolute():
            raise InvalidParameter(name="path", reason=N_("it must begin at the root of the file system"))
        folder = folder.resolve()
        identify(folder)
        choice = self.choice.change(lambda choice: self._catalog.with_folder(choice, folder))
        return self._entry(self._catalog.name_of(folder, choice), choice)

    def use(self, name: str, *, is_tried: bool = False) -> ModelEntry:
        """Choose the model; unless it was tried, the inference process goes back if it does not load.

        Raises:
            ModelUnknown, ModelFixed, and what check_usable raises.
        """
        self.check_usable(name)
        self.choice.choose(name, is_tried=is_tried)
        self.chosen.set()
        event(_log, logging.INFO, "model_chosen", model=name)
        return self.entry(name)

    def check_usable(self, name: str) -> Path:
        """Return the folder of a model that may be chosen.

        Raises:
            ModelUnknown, ModelFixed, ModelAbsent, ModelNotForRecognition
            ModelError: its folder holds no whole model.
        """
        self._existing(name)
        if self.places.fixed:
            raise ModelFixed(folder=str(self.places.fixed))
        return self.recognising_folder(name)

    def recognising_folder(self, name: str) -> Path:
        """Return the folder of a model that can recognise, whichever is in use.

        Raises:
            ModelUnknown, ModelAbsent, ModelNotForRecognition
            ModelError: its folder holds no whole model.
        """
        folder = self._existing(name)
        if identify(folder).role is not Role.RECOGNITION:
            raise ModelNotForRecognition(name=name)
        return folder

    # Inside

    def _note_whole(self, name: str) -> None:
        """Let what a model needs follow its files: both were asked for by one press."""
        self._damage.pop(name, None)
        self._extras.begin_if_possible(name)

    def _note_installed(self) -> None:
        self.renewed.set()
        self.chosen.set()

    def _folder(self, name: str) -> Path:
        return self._catalog.folder(name, self.choice.read())

    def _entry(self, name: str, choice: Choice) -> ModelEntry:
        folder = self._catalog.folder(checked_name(name), choice)
        now = Circumstances(
            is_chosen=folder == self.places.fixed if self.places.fixed else name == choice.model,
            is_switching=bool(choice.previous),
            is_linked=name in choice.folders,
            refusal=choice.refusal if choice.refused == name else None,
            damage=self._damage.get(name),
        )
        return describe(name, folder, known_model(name), self._pulls.place(name).status(), now)

    def _existing(self, name: str) -> Path:
        if (folder := self.entry(name).folder) is None:
            raise ModelAbsent(name=name, folder=str(self.places.models_dir))
        return folder

    def _is_whole(self, name: str) -> bool:
        entry = self._entry(name, self.choice.read())
        return entry.is_here and entry.state is not ModelState.DAMAGED

    def _refuse_if_used(self, entry: ModelEntry) -> None:
        choice = self.choice.read()
        used = {self.places.fixed, *self.places.named}
        used |= {self._catalog.folder(name, choice) for name in (choice.model, choice.previous) if name}
        if entry.folder in used:
            raise ModelInUse(name=entry.name)


def _shortened(files: list[str]) -> str:
    return ", ".join(files[:FILES_NAMED]) + (" …" if len(files) > FILES_NAMED else "")
