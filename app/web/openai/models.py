"""The names of models that programs send, and which model each of them means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.errors.base import AppError
from app.domain.errors.models import ModelUnknown
from app.domain.reasons import MODEL_ALIAS, NO_SUCH_MODEL
from app.domain.transcript import Applied
from app.services.models.models import ModelEntry, Models, ModelState, Role

ALIASES = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
)
"""Names of OpenAI's models. Programs have them built in; each stands for the model in use."""
DIARIZING = "gpt-4o-transcribe-diarize"
OWNER = "funasr-webui"
USABLE = (ModelState.IN_USE, ModelState.SWITCHING, ModelState.READY)


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model that a request gets."""

    name: str
    """Empty for the one in use."""
    receipt: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A name in the list of models."""

    id: str
    created: int
    owned_by: str


def choose_model(asked: str, models: Models) -> ModelChoice:
    """Return the model for the name that was sent; any name is answered, since programs have theirs built in."""
    entry = _installed(asked, models) if asked else None
    if entry is not None or not asked:
        return ModelChoice("" if entry is None or entry.state is not ModelState.READY else entry.name)
    reason = MODEL_ALIAS if asked in ALIASES else NO_SUCH_MODEL
    return ModelChoice("", (Applied("model", asked, _in_use(models), reason),))


def listed_models(models: Models) -> list[ListedModel]:
    """Return the models that can be named, and the aliases."""
    entries = [entry for entry in models.entries() if _can_recognise(entry)]
    installed = [ListedModel(entry.name, _created(entry), OWNER) for entry in entries]
    known = {each.id for each in installed}
    created = max((each.created for each in installed), default=0)
    return installed + [ListedModel(alias, created, OWNER) for alias in ALIASES if alias not in known]


def listed_model(id: str, models: Models) -> ListedModel:
    """Return one of the listed models.

    Raises:
        ModelUnknown
    """
    listed = listed_models(models)
    found = next((each for each in listed if each.id == id), None)
    if found is None:
        raise ModelUnknown(name=id[:100], known=", ".join(each.id for each in listed))
    return found


def _installed(name: str, models: Models) -> ModelEntry | None:
    try:
        entry = models.entry(name)
    except AppError:  # unknown, or no name of a model at all
        return None
    return entry if _can_recognise(entry) else None


def _can_recognise(entry: ModelEntry) -> bool:
    return entry.is_here and entry.role is Role.RECOGNITION and entry.state in USABLE


def _in_use(models: Models) -> str:
    return next(_names_in_use(models), models.folder_in_use().name)


def _names_in_use(models: Models) -> Iterator[str]:
    yield from (entry.name for entry in models.entries() if entry.state in (ModelState.IN_USE, ModelState.SWITCHING))


def _created(entry: ModelEntry) -> int:
    """Return when its folder last changed, in seconds since 1970."""
    try:
        return int(entry.folder.stat().st_mtime) if entry.folder else 0
    except OSError:
        return 0
