"""REST: the models of this server. Nothing is downloaded unless it is asked for here or on the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated

import anyio
from fastapi import Path, status
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from app.domain.errors import (
    ExtraNotInstalled,
    HubClientMissing,
    ModelAbsent,
    ModelBuiltIn,
    ModelBusy,
    ModelDamaged,
    ModelFileMissing,
    ModelFixed,
    ModelInUse,
    ModelNotForRecognition,
    ModelUnknown,
    NotAModel,
)
from app.services.models.models import ModelState, Role
from app.web.answers.transcriptions import problem_answer
from app.web.api.routers import ApiRouter
from app.web.dependencies import ModelsDep, State, StateDep, TranslateDep
from app.web.errors import LARGEST_FORM_BYTES
from app.web.openapi import content, errors
from app.web.schemas.models import (
    FolderLink,
    HubModel,
    ModelItem,
    ModelsAnswer,
    NeedsAnswer,
    PullAnswer,
    PullRequest,
    VerdictAnswer,
)
from app.web.sse import RETRY_MS, stopped, stream

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.services.models.extras import ExtraStatus
    from app.services.models.models import ModelEntry, Models

router = ApiRouter(prefix="/models", tags=["models"])

ModelName = Annotated[str, Path(description="Name of the model.", examples=["sensevoice-small"])]
HERE = (ModelState.IN_USE, ModelState.SWITCHING, ModelState.READY)
ACCEPTED = status.HTTP_202_ACCEPTED


@router.get("", responses=errors())
def list_models(state: StateDep, translate: TranslateDep) -> ModelsAnswer:
    """See all models: in use, on the disk, arriving, or to be had. Nobody is asked over the network."""
    return models_answer(state, translate)


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses=content(
        200,
        "A stream of events: `models`, the answer of `GET /models`, at first and after every change.",
        {"text/event-stream": 'event: models\ndata: {"models": []}\n\n'},
    )
    | errors(),
)
async def model_events(state: StateDep, translate: TranslateDep) -> EventSourceResponse:
    """Follow downloads and choices."""
    stopping = anyio.Event()
    return stream(_changes(state, translate, stopping), stopping)


@router.post(
    "/pull",
    status_code=ACCEPTED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(ModelBusy, HubClientMissing, changes=True),
)
def pull_from_hub(wanted: HubModel, models: ModelsDep, translate: TranslateDep) -> ModelItem:
    """Download any model of a hub by its id, in the background."""
    return model_item(models.pull(wanted.id, wanted.hub), models, translate)


@router.post(
    "/folders",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(NotAModel, ModelFileMissing, changes=True),
)
def add_folder(link: FolderLink, models: ModelsDep, translate: TranslateDep) -> ModelItem:
    """Point at a model folder elsewhere on the server. It is looked at, remembered, and never deleted."""
    return model_item(models.add_folder(FilePath(link.path)), models, translate)


@router.get("/{name}", responses=errors(ModelUnknown))
def get_model(name: ModelName, models: ModelsDep, translate: TranslateDep) -> ModelItem:
    """See one model."""
    return model_item(models.entry(name), models, translate)


@router.post(
    "/{name}/pull",
    status_code=ACCEPTED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(ModelUnknown, ModelBusy, ModelBuiltIn, changes=True),
)
def pull_model(
    name: ModelName, models: ModelsDep, translate: TranslateDep, wanted: PullRequest | None = None
) -> ModelItem:
    """Download a known model in the background, or go on where its download stopped."""
    return model_item(models.pull(name, wanted.hub if wanted else None), models, translate)


@router.post("/{name}/cancel", responses=errors(ModelUnknown, changes=True))
def cancel_pull(name: ModelName, models: ModelsDep, translate: TranslateDep) -> ModelItem:
    """Stop a download. What has arrived stays; `DELETE` throws it away."""
    return model_item(models.cancel(name), models, translate)


@router.post("/{name}/verify", responses=errors(ModelUnknown, ModelAbsent, ModelDamaged, changes=True))
def verify_model(name: ModelName, models: ModelsDep) -> VerdictAnswer:
    """Compare every file with its checksum."""
    return VerdictAnswer(has_checksums=models.verify(name).has_checksums)


@router.post(
    "/{name}/use",
    status_code=ACCEPTED,
    responses=errors(ModelUnknown, ModelAbsent, ModelFixed, ModelNotForRecognition, changes=True),
)
def use_model(name: ModelName, models: ModelsDep, translate: TranslateDep) -> ModelItem:
    """Choose the model. It is loaded after the present segment; if it does not load, the old one comes back."""
    return model_item(models.use(name), models, translate)


@router.post(
    "/{name}/install",
    status_code=ACCEPTED,
    responses=errors(ModelUnknown, ModelAbsent, ExtraNotInstalled, changes=True),
)
def install_needs(name: ModelName, models: ModelsDep, translate: TranslateDep) -> ModelItem:
    """Install the packages that a model needs beside its files, in the background. No restart of the server is needed."""
    return model_item(models.install(name), models, translate)


@router.delete(
    "/{name}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(ModelUnknown, ModelInUse, ModelBusy, ModelBuiltIn, changes=True),
)
def remove_model(name: ModelName, models: ModelsDep) -> None:
    """Delete a model or what has arrived of it. One that lies elsewhere is only forgotten."""
    models.remove(name)


def readers(state: State) -> list[ModelEntry]:
    """Return the models that are here and can recognise, the one in use first."""
    found = [
        entry for entry in state["models"].entries() if entry.role is Role.RECOGNITION and entry.state in HERE
    ]
    return sorted(found, key=lambda entry: entry.state is ModelState.READY)


def model_choices(state: State, translate: Translate) -> list[dict[str, str]]:
    """Return name and title of each of `readers`, for a list to choose from."""
    return [{"name": entry.name, "title": translate(entry.title)} for entry in readers(state)]


def models_answer(state: State, translate: Translate) -> ModelsAnswer:
    models, settings = state["models"], state["settings"]
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
    """Return one model in the reader's language."""
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
        )
        if pull
        else None,
        needs=_needs(models.needs(entry), translate),
        is_recommended=entry.name == models.recommended,
        problem=problem_answer(entry.problem, translate),
    )


def _needs(status: ExtraStatus | None, translate: Translate) -> NeedsAnswer | None:
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


async def _changes(
    state: State, translate: Translate, stopping: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=RETRY_MS, comment="changes of the models")
    told = ""
    while True:
        answer = await run_in_threadpool(models_answer, state, translate)
        now = json.dumps(answer.model_dump(mode="json", exclude={"disk_free_bytes"}))
        if now != told:
            yield ServerSentEvent(answer.model_dump_json(), event="models")
        told = now
        if await stopped(stopping):
            return
