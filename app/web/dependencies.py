"""What routes may ask for: the things that the lifespan opened, and facts of the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypedDict, cast

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from app.domain.options import TranscriptionOptions
from app.i18n import Translate, translator
from app.services.batches.batches import BatchBook
from app.services.batches.importer import Porter
from app.services.batches.uploads import Arrivals
from app.services.comparisons import Comparisons
from app.services.inference.devices import Devices
from app.services.inference.process import InferenceProcess
from app.services.live import Live
from app.services.models.models import Models
from app.services.settings import SettingsBook
from app.services.transcriptions.history import History
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.trash import Trash
from app.services.vad.analyses import Vad
from app.services.vad.texts import VadTexts
from app.settings import Settings
from app.support.case.cases import Cases
from app.support.doctor.examination import Doctor
from app.support.health import Health
from app.support.journal import Journal
from app.support.replay.runs import Replays
from app.web.errors import language_of


class SettingsNow(TypedDict):
    """What the settings say at this moment; the page may change it between two requests."""

    settings: Settings
    default_options: TranscriptionOptions


class State(TypedDict):
    """What lives as long as the server."""

    settings: Settings
    settings_book: SettingsBook
    settings_now: Callable[[], SettingsNow]
    queue: Queue
    history: History
    trash: Trash
    batches: BatchBook
    arrivals: Arrivals
    porter: Porter
    inference: InferenceProcess
    devices: Devices
    models: Models
    live: Live
    vad: Vad
    vad_texts: VadTexts
    cases: Cases
    doctor: Doctor
    health: Health
    journal: Journal
    replays: Replays
    comparisons: Comparisons
    has_worker: bool
    """Whether jobs are done here, and not by `python -m app worker`."""
    default_options: TranscriptionOptions
    started_at: float
    """Reading of time.monotonic() when the server was ready."""


def state_of(connection: HTTPConnection) -> State:
    state = cast("State", connection.scope["state"])
    return cast("State", {**state, **state["settings_now"]()})


def _queue(connection: HTTPConnection) -> Queue:
    return state_of(connection)["queue"]


def _history(connection: HTTPConnection) -> History:
    return state_of(connection)["history"]


def _trash(connection: HTTPConnection) -> Trash:
    return state_of(connection)["trash"]


def _settings(connection: HTTPConnection) -> Settings:
    return state_of(connection)["settings"]


def _settings_book(connection: HTTPConnection) -> SettingsBook:
    return state_of(connection)["settings_book"]


def _inference(connection: HTTPConnection) -> InferenceProcess:
    return state_of(connection)["inference"]


def _comparisons(connection: HTTPConnection) -> Comparisons:
    return state_of(connection)["comparisons"]


def _models(connection: HTTPConnection) -> Models:
    return state_of(connection)["models"]


def _cases(connection: HTTPConnection) -> Cases:
    return state_of(connection)["cases"]


def _journal(connection: HTTPConnection) -> Journal:
    return state_of(connection)["journal"]


def _translate(connection: HTTPConnection) -> Translate:
    return translator(language_of(connection))


QueueDep = Annotated[Queue, Depends(_queue)]
HistoryDep = Annotated[History, Depends(_history)]
TrashDep = Annotated[Trash, Depends(_trash)]
SettingsDep = Annotated[Settings, Depends(_settings)]
SettingsBookDep = Annotated[SettingsBook, Depends(_settings_book)]
InferenceDep = Annotated[InferenceProcess, Depends(_inference)]
ComparisonsDep = Annotated[Comparisons, Depends(_comparisons)]
ModelsDep = Annotated[Models, Depends(_models)]
CasesDep = Annotated[Cases, Depends(_cases)]
JournalDep = Annotated[Journal, Depends(_journal)]
TranslateDep = Annotated[Translate, Depends(_translate)]
StateDep = Annotated[State, Depends(state_of)]
TranscriptionId = Annotated[str, Path(description="Id of the transcription.", examples=["01jd9x3v6t8q"])]
