"""REST: what runs here, whether it is well, and the model's memory."""

from __future__ import annotations

import platform
import shutil
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

import anyio
from fastapi import Query
from starlette.requests import Request

from app import __version__
from app.domain.errors.base import N_
from app.domain.errors.inference import (
    DevicesUnseen,
    InferenceCrashed,
    InferenceHung,
    InferenceUnavailable,
)
from app.domain.errors.setup import DatabaseUnusable, NotReady
from app.domain.languages import LANGUAGES
from app.formats import FORMATS
from app.i18n import translator
from app.services.inference.role import Inference
from app.support.readiness import worker_problem
from app.web.answers.cluster import cluster_answer
from app.web.answers.transcriptions import model_answer
from app.web.dependencies import ServicesDep, TranslateDep
from app.web.openapi import errors
from app.web.own_thread import in_own_thread
from app.web.pools import waits_for_engine
from app.web.request import language_of
from app.web.routers import ApiRouter
from app.web.schemas.cluster import ClusterAnswer
from app.web.schemas.settings import CacheAnswer, DeviceItem, DevicesAnswer
from app.web.schemas.transcriptions import Counts, HealthAnswer, Limits, ModelAnswer, SystemAnswer
from app.web.services import Services, opened_services

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.services.inference.devices import FoundDevice

router = ApiRouter(tags=["system"])

HEALTH_SECONDS = 2.0
PACKAGES = ("fastapi", "sqlalchemy", "av")  # those of the engine are told by the process that loaded them


@router.get("/system", responses=errors())
def get_system(services: ServicesDep, translate: TranslateDep) -> SystemAnswer:
    """See what runs here: model, device, versions, queue and limits."""
    settings = services.settings
    inference = services.inference.status()
    versions = {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}
    return SystemAnswer(
        version=__version__,
        versions=versions | dict(inference.info.versions if inference.info else ()),
        uptime_seconds=round(time.monotonic() - services.started_at, 1),
        model=model_answer(inference, translate),
        queue=Counts(**{name.value: count for name, count in services.queue.counts().items()}),
        disk_free_bytes=shutil.disk_usage(settings.data_dir).free,
        limits=Limits(max_upload_mb=settings.max_upload_mb, max_duration_hours=settings.max_duration_hours),
        languages=list(LANGUAGES),
        formats=list(FORMATS),
    )


@router.get("/health", responses=errors(InferenceUnavailable, DatabaseUnusable, NotReady))
async def get_health(request: Request) -> HealthAnswer:
    """Ask whether jobs can be accepted and processed; 503 with the reason if not.

    It waits neither for the engine nor for a thread that serves other requests.
    """
    services, translate = opened_services(request), translator(language_of(request))
    await _count_jobs(services)
    if problem := worker_problem(is_working=services.is_working()):
        raise NotReady(reasons=problem.explained(translate)["message"])
    status = services.inference.status()
    if status.state == "failed":
        reason = status.problem.explained(translate)["message"] if status.problem else "?"
        raise InferenceUnavailable(reason=reason)
    return HealthAnswer(status="ok", model=status.state)


async def _count_jobs(services: Services) -> None:
    """Read the database.

    Raises:
        DatabaseUnusable
        NotReady: it takes longer than HEALTH_SECONDS.
    """
    try:
        with anyio.fail_after(HEALTH_SECONDS):
            await in_own_thread(services.queue.counts)
    except TimeoutError:
        raise NotReady(reasons="database") from None


@router.get("/system/cluster", responses=errors())
def get_cluster(services: ServicesDep, translate: TranslateDep) -> ClusterAnswer:
    """See the nodes of the cluster and what their actors do."""
    return cluster_answer(services, translate)


@router.get("/system/devices", responses=errors(DevicesUnseen))
@waits_for_engine
def get_devices(
    services: ServicesDep,
    translate: TranslateDep,
    again: Annotated[bool, Query(description="Look again, which takes seconds.")] = False,
) -> DevicesAnswer:
    """See which devices were looked for, and why each that cannot be used cannot. The look is remembered."""
    info = services.inference.status().info
    found = services.devices.list_all(again=again)
    return DevicesAnswer(devices=[_device_item(device, info.device if info else "", translate) for device in found])


def _device_item(device: FoundDevice, in_use: str, translate: Translate) -> DeviceItem:
    cores = device.label.partition(" ")[0]
    is_processor = device.name == "cpu" and cores.isdecimal()
    return DeviceItem(
        name=device.name,
        label=translate(N_("{count} cores")).format(count=cores) if is_processor else device.label,
        is_usable=not device.reason,
        reason=translate(device.reason),
        is_in_use=device.name == in_use.removesuffix(":0"),
    )


@router.post("/system/model/load", responses=errors(InferenceUnavailable, changes=True))
def load_model(services: ServicesDep, translate: TranslateDep) -> ModelAnswer:
    """Load the model in the background. A job that needs it does so by itself."""
    _local_inference(services).load()
    return model_answer(services.inference.status(), translate)


@router.post("/system/model/unload", responses=errors(InferenceUnavailable, changes=True))
@waits_for_engine
def unload_model(services: ServicesDep, translate: TranslateDep) -> ModelAnswer:
    """End the inference process after its current segment, which gives all its memory back."""
    _local_inference(services).unload()
    return model_answer(services.inference.status(), translate)


@router.post(
    "/system/model/clear-cache",
    responses=errors(InferenceUnavailable, InferenceCrashed, InferenceHung, changes=True),
)
@waits_for_engine
def clear_cache(services: ServicesDep) -> CacheAnswer:
    """Give back the memory that the graphics card keeps for later, after the current segment. The model stays."""
    inference = _local_inference(services)
    freed_bytes = inference.clear_cache()
    info = inference.status().info
    if freed_bytes is None or info is None:
        return CacheAnswer(device=None, freed_bytes=0)
    return CacheAnswer(device=info.device, freed_bytes=freed_bytes)


def _local_inference(services: Services) -> Inference:
    if not services.has_worker:
        raise InferenceUnavailable(reason=N_("this server leaves the jobs to another process"))
    return services.inference
