"""REST: the models of this server. Nothing is downloaded unless it is asked for here or on the command line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated

import anyio
from fastapi import Path, status
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.domain.errors.models import (
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
from app.web.answers.models import model_item, models_answer
from app.web.dependencies import ModelsDep, ServicesDep, TranslateDep
from app.web.openapi import content, errors
from app.web.pools import FILES, reads_slowly
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.models import (
    FolderLink,
    HubModel,
    ModelItem,
    ModelsAnswer,
    PullRequest,
    VerdictAnswer,
)
from app.web.services import Services
from app.web.sse import RETRY_MS, stopped, stream

if TYPE_CHECKING:
    from app.i18n import Translate

router = ApiRouter(prefix="/models", tags=["models"])

ModelName = Annotated[str, Path(description="Name of the model.", examples=["sensevoice-small"])]
ACCEPTED = status.HTTP_202_ACCEPTED


@router.get("", responses=errors())
@reads_slowly
def list_models(services: ServicesDep, translate: TranslateDep) -> ModelsAnswer:
    """See all models: in use, on the disk, arriving, or to be had. Nobody is asked over the network."""
    return models_answer(services, translate)


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
async def model_events(services: ServicesDep, translate: TranslateDep) -> EventSourceResponse:
    """Follow downloads and choices."""
    stopping = anyio.Event()
    return stream(_changes(services, translate, stopping), stopping)


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
@reads_slowly
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


async def _changes(services: Services, translate: Translate, stopping: anyio.Event) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=RETRY_MS, comment="changes of the models")
    told = ""
    while True:
        answer = await FILES.run(models_answer, services, translate)
        now = json.dumps(answer.model_dump(mode="json", exclude={"disk_free_bytes"}))
        if now != told:
            yield ServerSentEvent(answer.model_dump_json(), event="models")
        told = now
        if await stopped(stopping):
            return
