"""Names of model folders: the built-in ones, those under the models folder, and linked ones."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.errors.models import ModelBusy, ModelUnknown
from app.engine.catalog.known_models import KNOWN_MODELS
from app.services.models.choice import Choice
from app.services.models.download_folder import PART_SUFFIX

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
KNOWN_NAMES = tuple(model.name for model in KNOWN_MODELS)


def checked_name(name: str) -> str:
    """Return `name` or `owner/name` if valid: it becomes part of paths.

    Raises:
        ModelUnknown
    """
    is_name = all(NAME.fullmatch(part) for part in name.split("/", 1)) and ".." not in name
    if not is_name or name.endswith(PART_SUFFIX):
        raise ModelUnknown(name=name[:100], known=", ".join(KNOWN_NAMES))
    return name


@dataclass(frozen=True, slots=True)
class ModelCatalog:
    """The model folders of one installation."""

    builtins: Mapping[str, Path]
    """The built-in models that exist, by name."""
    models_dir: Path

    def folder(self, name: str, choice: Choice) -> Path:
        """Return the folder of the model, whether it exists or not."""
        if name in self.builtins:
            return self.builtins[name]
        return Path(choice.folders.get(name) or self.models_dir / name)

    def names(self, choice: Choice) -> list[str]:
        """Return the built-in models, then those installed or downloading."""
        return list(dict.fromkeys([*self.builtins, *choice.folders, *self._names_on_disk()]))

    def name_of(self, folder: Path, choice: Choice) -> str:
        """Return the name under which a folder is already known, or an empty string."""
        return next((n for n in self.names(choice) if self.folder(n, choice).resolve() == folder), "")

    def with_folder(self, choice: Choice, folder: Path) -> Choice:
        """Return the choice with a linked folder added under a unique name."""
        if self.name_of(folder, choice):
            return choice
        return replace(choice, folders={**choice.folders, self._free_name(folder, choice): str(folder)})

    def without_folder(self, choice: Choice, name: str) -> Choice:
        return replace(choice, folders={n: path for n, path in choice.folders.items() if n != name})

    def delete(self, folder: Path) -> None:
        """Delete the folder atomically, by renaming it first; what cannot be deleted stays hidden.

        Raises:
            ModelBusy: the system refuses it.
        """
        away = folder.with_name(f".{secrets.token_hex(4)}.removed")
        try:
            folder.rename(away)
        except OSError as error:
            raise ModelBusy(name=folder.name) from error
        shutil.rmtree(away, ignore_errors=True)

    def _names_on_disk(self) -> list[str]:
        if not self.models_dir.is_dir():
            return []
        folders = (path.name for path in sorted(self.models_dir.iterdir()) if path.is_dir())
        return [name.removesuffix(PART_SUFFIX) for name in folders if NAME.fullmatch(name)]

    def _free_name(self, folder: Path, choice: Choice) -> str:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._")[:100] or "model"
        taken = {*self.names(choice), *KNOWN_NAMES}
        numbered = (f"{name}-{number}" for number in range(2, 10_000))
        return name if name not in taken else next(other for other in numbered if other not in taken)
