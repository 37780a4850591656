"""Dependencies of routes: the services, and properties of the request.

Those that only pass something on are coroutines: FastAPI runs any other in a thread.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from app.i18n import Translate, translator
from app.services.comparisons import Comparisons
from app.services.inference.role import Inference
from app.services.models.models import Models
from app.services.settings import SettingsStore
from app.services.transcriptions.history import History
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.trash import Trash
from app.settings import Settings
from app.support.case.cases import Cases
from app.support.journal import Journal
from app.web.request import language_of
from app.web.services import Services, services_of


async def _queue(services: ServicesDep) -> Queue:
    return services.queue


async def _history(services: ServicesDep) -> History:
    return services.history


async def _trash(services: ServicesDep) -> Trash:
    return services.trash


async def _settings(services: ServicesDep) -> Settings:
    return services.settings


async def _settings_store(services: ServicesDep) -> SettingsStore:
    return services.settings_store


async def _inference(services: ServicesDep) -> Inference:
    return services.inference


async def _comparisons(services: ServicesDep) -> Comparisons:
    return services.comparisons


async def _models(services: ServicesDep) -> Models:
    return services.models


async def _cases(services: ServicesDep) -> Cases:
    return services.cases


async def _journal(services: ServicesDep) -> Journal:
    return services.journal


async def _translate(connection: HTTPConnection) -> Translate:
    return translator(language_of(connection))


ServicesDep = Annotated[Services, Depends(services_of)]
QueueDep = Annotated[Queue, Depends(_queue)]
HistoryDep = Annotated[History, Depends(_history)]
TrashDep = Annotated[Trash, Depends(_trash)]
SettingsDep = Annotated[Settings, Depends(_settings)]
SettingsStoreDep = Annotated[SettingsStore, Depends(_settings_store)]
InferenceDep = Annotated[Inference, Depends(_inference)]
ComparisonsDep = Annotated[Comparisons, Depends(_comparisons)]
ModelsDep = Annotated[Models, Depends(_models)]
CasesDep = Annotated[Cases, Depends(_cases)]
JournalDep = Annotated[Journal, Depends(_journal)]
TranslateDep = Annotated[Translate, Depends(_translate)]
TranscriptionId = Annotated[str, Path(description="Id of the transcription.", examples=["01jd9x3v6t8q"])]
