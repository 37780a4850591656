"""Converts models to REST API responses, in the user's language."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from app.i18n import Translate
from app.services.models.extras import ExtraStatus
from app.services.models.models import ModelState, Role
from app.web.answers.transcriptions import problem_answer
from app.web.schemas.models import (
    ModelItem,
    ModelsAnswer,
    NeedsAnswer,
    PullAnswer,
)
from app.web.services import Services

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.services.models.models import ModelEntry, Models

HERE = (ModelState.IN_USE, ModelState.SWITCHING, ModelState.READY)


def readers(services: Services) -> list[ModelEntry]:
    """Return the installed recognition models, the active one first."""
    found = [entry for entry in services.models.entries() if entry.role is Role.RECOGNITION and entry.state in HERE]
    return sorted(found, key=lambda entry: entry.state is ModelState.READY)


def model_choices(services: Services, translate: Translate) -> list[dict[str, str]]:
    """Return name and title of each of `readers`, for a selection list."""
    return [{"name": entry.name, "title": translate(entry.title)} for entry in readers(services)]


def models_answer(services: Services, translate: Translate) -> ModelsAnswer:
    models, settings = services.models, services.settings
    fixed = models.places.fixed
    existing = next(path for path in (settings.models_dir, *settings.models_dir.parents) if path.exists())
    return ModelsAnswer(
        models=[model_item(entry, models, translate) for entry in models.entries()],
        fixed=str(fixed) if fixed else None,
        models_dir=str(settings.models_dir),
        disk_free_bytes=shutil.disk_usage(existing).free,
        idle_minutes=settings.model_idle_minutes,
    )


def model_item(entry: ModelEntry, models: Models, translate: Translate) -> ModelItem:
    """Return one model in the user's language."""
    pull = entry.pull
    return ModelItem(
        name=entry.name,
        title=translate(entry.title),
        state=entry.state,
        family=entry.family,
        role=entry.role.value,
        languages=list(entry.languages),
        abilities=list(entry.abilities),
        licence=translate(entry.licence) if entry.licence else "",
        note=translate(entry.note) if entry.note else "",
        hubs=list(entry.hubs),
        parameters=entry.parameters,
        size_bytes=entry.size_bytes,
        size_is_estimate=entry.size_is_estimate,
        folder=str(entry.folder) if entry.folder else None,
        is_builtin=entry.is_builtin,
        is_linked=entry.is_linked,
        pull=PullAnswer(
            hub=pull.hub,
            id=pull.id,
            phase=pull.phase.value,
            is_running=pull.is_running,
            done_bytes=pull.done_bytes,
            total_bytes=pull.total_bytes,
            trouble=pull.trouble,
        )
        if pull
        else None,
        needs=needs_answer(models.needs(entry), translate),
        is_recommended=entry.name == models.recommended,
        problem=problem_answer(entry.problem, translate),
    )


def needs_answer(status: ExtraStatus | None, translate: Translate) -> NeedsAnswer | None:
    if status is None:
        return None
    return NeedsAnswer(
        packages=list(status.extra.packages),
        megabytes=status.extra.megabytes,
        can_install=not status.obstacle,
        obstacle=translate(status.obstacle) if status.obstacle else "",
        command=status.command,
        is_running=status.is_running,
        done=status.done,
        total=status.total,
        current=status.current,
        problem=problem_answer(status.problem, translate),
    )
