"""The services of the running server, opened in one place (app/main.py) and passed to every request."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypedDict

from starlette.requests import HTTPConnection

from app.domain.options import TranscriptionOptions
from app.services.batches.batches import Batches
from app.services.batches.importer import BatchImporter
from app.services.batches.uploads import BatchUploads
from app.services.clients.client_requests import ClientRequests
from app.services.cluster.connection import Cluster
from app.services.comparisons import Comparisons
from app.services.inference.devices import Devices
from app.services.inference.role import Inference
from app.services.known_voices import KnownVoices
from app.services.live import Live
from app.services.live.client_secrets import ClientSecrets
from app.services.models.models import Models
from app.services.people.accounts import Accounts
from app.services.rereading.stretches import Rereader
from app.services.settings import SettingsStore
from app.services.transcriptions.heard_audio import HeardAudio
from app.services.transcriptions.history import History
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.trash import Trash
from app.services.vad.analyses import VadAnalyses
from app.services.vad.texts import VadTranscriber
from app.services.webhooks.webhooks import Webhooks
from app.settings import Settings
from app.support.case.cases import Cases
from app.support.doctor.examination import Doctor
from app.support.health import Health
from app.support.journal import Journal
from app.support.replay.runs import Replays

if TYPE_CHECKING:
    from starlette.types import ASGIApp


REQUEST_SERVICES = "funasr.services"  # scope key of a request's own view of them


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a route may need."""

    settings: Settings
    """As of this request: the settings page may change them between requests."""
    default_options: TranscriptionOptions
    """The options of a transcription unless specified otherwise."""
    settings_store: SettingsStore
    queue: Queue
    client_requests: ClientRequests
    history: History
    trash: Trash
    heard: HeardAudio
    rereader: Rereader
    known_voices: KnownVoices
    batches: Batches
    uploads: BatchUploads
    importer: BatchImporter
    inference: Inference
    devices: Devices
    models: Models
    live: Live
    vad: VadAnalyses
    vad_texts: VadTranscriber
    cases: Cases
    doctor: Doctor
    health: Health
    journal: Journal
    replays: Replays
    comparisons: Comparisons
    webhooks: Webhooks
    accounts: Accounts
    has_worker: bool
    """Whether jobs run in this process, and not in `python -m app worker`."""
    is_working: Callable[[], bool]
    """Whether all threads of the worker are alive; true without one."""
    default_options_of: Callable[[Settings], TranscriptionOptions]
    cluster: Cluster | None = None
    """The one that recognises; None where this machine does."""
    started_at: float = field(default_factory=time.monotonic)
    """time.monotonic() when the server became ready."""
    client_secrets: ClientSecrets = field(default_factory=ClientSecrets)

    def current(self) -> Services:
        """Return the services with the current settings."""
        settings = self.settings_store.now
        return replace(self, settings=settings, default_options=self.default_options_of(settings))


class State(TypedDict):
    """What the lifespan passes to requests."""

    services: Services
    mcp: ASGIApp


def opened_services(connection: HTTPConnection) -> Services:
    """Return the services with the settings of the start, for what must not wait for a file or a lock."""
    services = connection.scope["state"]["services"]
    assert isinstance(services, Services)  # noqa: S101 - opened by the lifespan
    return services


def services_of(connection: HTTPConnection) -> Services:
    """Return the services for this request; the settings are read once per request."""
    services = connection.scope.get(REQUEST_SERVICES)
    if services is None:
        services = opened_services(connection).current()
        connection.scope[REQUEST_SERVICES] = services
    assert isinstance(services, Services)  # noqa: S101 - opened by the lifespan
    return services
