"""The models as the web and the command line see them: list, download, verify, remove, use.

A model is a folder under the models folder, or a linked one elsewhere. Nothing is downloaded unless requested.
reloader.py makes the inference process load the selected model.
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

FILES_NAMED = 5  # changed files named in an error

_log = logging.getLogger(__name__)


class Models:
    """All models of one installation. Every method may be called from any thread or process."""

    def __init__(self, places: ModelPlaces, patience: Patience = USUAL_PATIENCE) -> None:
        self.places = places
        self.choice = ModelChoice(places.data_dir, places.default)
        self.chosen = Event()
        """Set when another model is selected in this process."""
        self.renewed = Event()
        """Set when packages were installed, which an inference process only sees after a restart."""
        self.device: Callable[[], str] = lambda: ""
        """The device of the active model, such as `cuda:0`; empty if unknown."""
        large = {BUILTIN_LARGE: places.large} if places.large else {}
        self._catalog = ModelCatalog({**large, BUILTIN: places.builtin}, places.models_dir)
        self.extras = ModelExtras(places.models_dir, self._folder, self._note_installed)
        self._damage: dict[str, Problem] = {}
        self._pulls = ModelDownloads(places.models_dir, places.wenet_mirror, patience, self._note_whole)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Stop the downloads and installations of this process when the block ends."""
        with self._pulls.ending():
            try:
                yield
            finally:
                self.extras.stop()

    # Reading

    def entries(self) -> list[ModelEntry]:
        """Return the built-in models, those installed or downloading, and those available on a hub."""
        choice = self.choice.read()
        names = dict.fromkeys([*self._catalog.names(choice), *KNOWN_NAMES])
        entries = [self._entry(name, choice) for name in names]
        return sorted(entries, key=lambda entry: (not entry.is_builtin, entry.state is ModelState.AVAILABLE))

    def entry(self, name: str) -> ModelEntry:
        """Return one model.

        Raises:
            ModelUnknown: it is neither installed nor known.
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
        """Return the folder of the selected model."""
        choice = self.choice.read()
        return self.places.fixed or self._catalog.folder(choice.model, choice)

    def check_in_use(self) -> None:
        """Check that the selected model is complete.

        Raises:
            ModelError
        """
        identify(self.folder_in_use())

    def languages_in_use(self) -> tuple[str, ...]:
        """Return the languages of the selected model, as far as its files declare them."""
        return languages_in(self.folder_in_use())

    # Downloading

    def pull(self, name: str, hub: str | None = None) -> ModelEntry:
        """Start or resume a download in the background; an intact installed model is left alone.

        Raises:
            ModelUnknown, ModelBuiltIn, InvalidParameter
            ModelBusy: it is being downloaded already.
        """
        source = self._pulls.source(checked_name(name), hub)
        if not self._is_whole(source.name):
            self._pulls.begin(source)
        return self.entry(source.name)

    def pull_now(self, name: str, hub: str | None = None, report: Report = lambda _: None) -> ModelEntry:
        """Download in this thread; `report` receives the progress in bytes.

        Raises:
            ModelUnknown, ModelBuiltIn, InvalidParameter, and what Pull.run raises.
        """
        source = self._pulls.source(checked_name(name), hub)
        if not self._is_whole(source.name):
            self._pulls.run(source, Event(), report)
        self.extras.finish(source.name)
        return self.entry(source.name)

    def install(self, name: str) -> ModelEntry:
        """Install the packages that a model needs in the background.

        Raises:
            ModelUnknown, ModelAbsent
            ExtraNotInstalled: not possible from here; carries the command to run instead.
        """
        self._existing(name)
        self.extras.begin(name)
        return self.entry(name)

    def install_now(self, name: str) -> ModelEntry:
        """Install the packages that a model needs, and wait.

        Raises:
            ModelUnknown, ModelAbsent, ExtraNotInstalled
        """
        self.install(name)
        self.extras.finish(name)
        return self.entry(name)

    def needs(self, entry: ModelEntry) -> ExtraStatus | None:
        """Return the packages that a model, installed or not, still needs; None if none."""
        return self.extras.status(entry)

    def bring_recommended(self, report: Report = lambda _: None) -> ModelEntry | None:
        """Download a multilingual model on the first start of an installation, and select it if it is better.

        It beats the small built-in model in both of its languages, and the large one in neither (docs/decisions).
        If a person has selected, fixed or removed a model, nothing is done and None is returned.

        Raises:
            What Pull.run raises.
        """
        if self.places.fixed or self.choice.is_made:
            return None
        entry = self.pull_now(RECOMMENDED, report=report)
        self.choice.change(lambda choice: replace(choice, offered=RECOMMENDED))
        return entry if self.places.is_default_best else self.use(entry.name)

    def cancel(self, name: str) -> ModelEntry:
        """Stop a download, whichever process runs it; downloaded data is kept.

        Raises:
            ModelUnknown
        """
        self._pulls.cancel(checked_name(name))
        return self.entry(name)

    # Changing

    def verify(self, name: str) -> Verdict:
        """Compare every file with its checksum, and check that the folder is a model.

        Raises:
            ModelUnknown, ModelAbsent
            ModelDamaged: files were changed or are missing.
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
        """Delete a model or a partial download; a linked folder is only unlinked, its files stay.

        Raises:
            ModelUnknown, ModelBuiltIn
            ModelInUse: it is the selected model.
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
        """Link a model folder elsewhere on this machine.

        Raises:
            InvalidParameter: the path is not absolute.
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
        """Select the model; unless `is_tried`, the inference process falls back if it does not load.

        Raises:
            ModelUnknown, ModelFixed, and what check_usable raises.
        """
        self.check_usable(name)
        self.choice.choose(name, is_tried=is_tried)
        self.chosen.set()
        event(_log, logging.INFO, "model_chosen", model=name)
        return self.entry(name)

    def check_usable(self, name: str) -> Path:
        """Return the folder of a model that can be selected.

        Raises:
            ModelUnknown, ModelFixed, ModelAbsent, ModelNotForRecognition
            ModelError: its folder holds no whole model.
        """
        self._existing(name)
        if self.places.fixed:
            raise ModelFixed(folder=str(self.places.fixed))
        return self.recognising_folder(name)

    def recognising_folder(self, name: str) -> Path:
        """Return the folder of a recognition model, selected or not.

        Raises:
            ModelUnknown, ModelAbsent, ModelNotForRecognition
            ModelError: its folder holds no whole model.
        """
        folder = self._existing(name)
        if identify(folder).role is not Role.RECOGNITION:
            raise ModelNotForRecognition(name=name)
        return folder

    # Internal

    def _note_whole(self, name: str) -> None:
        """Install the packages of a downloaded model: the user requested both with one click."""
        self._damage.pop(name, None)
        self.extras.begin_if_possible(name)

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
