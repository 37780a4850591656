"""What routes may ask for: the things that the lifespan opened, and facts of the request."""

from __future__ import annotations

from typing import Annotated, TypedDict, cast

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from app.i18n import Translate, translator
from app.jobs.inference import InferenceProcess
from app.jobs.models import Models
from app.jobs.queue import JobOptions, Queue
from app.jobs.vad import Vad
from app.jobs.vad_texts import VadTexts
from app.settings import Settings
from app.web.errors import language_of


class State(TypedDict):
    """What lives as long as the server."""

    settings: Settings
    queue: Queue
    inference: InferenceProcess
    models: Models
    vad: Vad
    vad_texts: VadTexts
    has_worker: bool
    """Whether jobs are done here, and not by `python -m app worker`."""
    default_options: JobOptions
    started_at: float
    """Reading of time.monotonic() when the server was ready."""


def state_of(connection: HTTPConnection) -> State:
    return cast("State", connection.scope["state"])


def _queue(connection: HTTPConnection) -> Queue:
    return state_of(connection)["queue"]


def _settings(connection: HTTPConnection) -> Settings:
    return state_of(connection)["settings"]


def _inference(connection: HTTPConnection) -> InferenceProcess:
    return state_of(connection)["inference"]


def _models(connection: HTTPConnection) -> Models:
    return state_of(connection)["models"]


def _translate(connection: HTTPConnection) -> Translate:
    return translator(language_of(connection))


QueueDep = Annotated[Queue, Depends(_queue)]
SettingsDep = Annotated[Settings, Depends(_settings)]
InferenceDep = Annotated[InferenceProcess, Depends(_inference)]
ModelsDep = Annotated[Models, Depends(_models)]
TranslateDep = Annotated[Translate, Depends(_translate)]
StateDep = Annotated[State, Depends(state_of)]
TranscriptionId = Annotated[str, Path(description="Id of the transcription.", examples=["01jd9x3v6t8q"])]
