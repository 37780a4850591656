"""Assembles the server: opens its services, and adds middleware and routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from app import __version__
from app.cluster_composition import dedicated_engines, inference_maker, open_cluster, preparer
from app.composition import (
    decode_limits,
    installation,
    is_slow_live,
    open_accounts,
    open_models,
    open_store,
    quick_spec,
    replay_command,
    retention_spans,
    speaker_model_dir,
    spec_finder,
    spec_of_folder,
    subject_of,
    vad_options,
)
from app.domain.addresses import networks
from app.domain.errors.base import Problem
from app.domain.options import TranscriptionOptions
from app.domain.replacements import parse_rules
from app.engine.preparation.preparation import PreparationPool, Preparer
from app.files_composition import open_analyses, open_files, open_uploads
from app.logging import adjust_logging, job_logs
from app.services.batches.batches import Batches
from app.services.batches.importer import BatchImporter
from app.services.batches.uploads import BatchUploads
from app.services.clients.client_requests import ClientRequests
from app.services.clients.unkept import Unkept
from app.services.comparisons import Comparisons
from app.services.inference.dedicated import DedicatedEngines
from app.services.inference.devices import Devices
from app.services.inference.role import Inference
from app.services.inference.scheduler import InferenceScheduler
from app.services.known_voices import KnownVoices
from app.services.live import Live, LiveLimits
from app.services.live.partial_engine import PartialEngine
from app.services.models.reloader import ModelReloader
from app.services.rereading.stretches import Rereader
from app.services.settings import SettingsStore
from app.services.transcriptions.heard_audio import HeardAudio
from app.services.transcriptions.history import History
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.retention import Retention
from app.services.transcriptions.trash import Trash
from app.services.vad.analyses import VadAnalyses
from app.services.vad.texts import VadTranscriber
from app.services.webhooks import open_webhooks
from app.services.worker.worker import Worker
from app.support.case.cases import Cases
from app.support.doctor.examination import Doctor
from app.support.health import Health
from app.support.journal import FOLDER as JOURNAL_FOLDER
from app.support.journal import Journal
from app.support.replay.runs import FOLDER as REPLAY_FOLDER
from app.support.replay.runs import Replays
from app.web.errors import install_error_handlers
from app.web.mcp_endpoint import McpEndpoint
from app.web.middleware.stack import add_middleware
from app.web.openapi import DESCRIPTION, DescribedApp
from app.web.routers import API_PATH
from app.web.routes import add_routes
from app.web.services import Services, State

if TYPE_CHECKING:
    from app.engine import EngineSpec
    from app.services.cluster.connection import Cluster
    from app.services.models.models import Models
    from app.settings import Settings


def create_app(settings: Settings, *, spec: EngineSpec | None = None, start_worker: bool = True) -> FastAPI:
    """Return the server. Without a worker its jobs wait for `python -m app worker`.

    Raises:
        RootPathTaken: the root path begins like a page of the program.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        with ExitStack() as stack:
            services = await run_in_threadpool(_open, stack, settings, spec, start_worker)
            _answer_clients(stack, services)
            mcp = McpEndpoint(lambda: services)
            yield {"services": services, "mcp": mcp}
            await mcp.close()
            await run_in_threadpool(stack.close)  # it waits for threads and processes

    app = DescribedApp(
        title="Fun-ASR WebUI",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=f"{API_PATH}/openapi.json",
        docs_url=None,  # FastAPI's pages load scripts from a CDN: our /docs works offline
        redoc_url=None,
    )
    install_error_handlers(app)
    add_routes(app)
    add_middleware(app, settings)
    return app


def _answer_clients(stack: ExitStack, services: Services) -> None:
    """Start what serves waiting programs; a worker without a server has none."""
    changes = services.client_requests.changes
    stack.enter_context(changes.running())
    stack.enter_context(Unkept(services.queue.database, services.trash, changes).running())


@contextmanager
def open_worker(settings: Settings) -> Iterator[Services]:
    """Run queued jobs inside the block without a server, but with the same services.

    Raises:
        DatabaseUnusable
    """
    with open_services(settings, start_worker=True) as services:
        yield services


@contextmanager
def open_services(settings: Settings, *, start_worker: bool) -> Iterator[Services]:
    """Open the services without a server; without a worker, another process must do the jobs.

    Raises:
        DatabaseUnusable
    """
    with ExitStack() as stack:
        yield _open(stack, settings, None, start_worker=start_worker)


def _open(stack: ExitStack, settings: Settings, spec: EngineSpec | None, start_worker: bool) -> Services:
    """Open the server's services; `stack` closes them in reverse order."""
    queue = _open_queue(stack, settings)
    models, store = _open_models(stack, settings, spec)
    spec_of, cluster = spec_finder(store, spec), open_cluster(settings, stack)
    inference, engines = _open_inference(cluster, models, settings, spec, spec_of)
    preparing = preparer(settings, cluster, pool := stack.enter_context(PreparationPool()))
    worker = _start_worker(stack, settings, queue, inference, engines, preparing) if start_worker else None
    _keep_house(stack, _reloader(models, inference, store, spec_of), store, Trash(queue), has_worker=start_worker)
    vad, vad_texts, heard = _open_sound(stack, settings, queue, worker.scheduler if worker else None, pool)
    batches, uploads, importer = _open_batches(stack, queue, inference, store)
    doctor, health, replays = _open_support(stack, settings, store, inference, cluster)
    return Services(
        settings=settings,
        default_options=_default_options(settings),
        settings_store=store,
        queue=queue,
        client_requests=ClientRequests(queue, lambda: _model_name(inference), lambda: store.now.client_queue),
        history=History(queue),
        trash=Trash(queue),
        heard=heard,
        rereader=Rereader(heard, worker, lambda: _model_name(inference)),
        known_voices=KnownVoices(queue, heard, worker.voices if worker else None, is_on=settings.known_voices),
        batches=batches,
        uploads=uploads,
        importer=importer,
        inference=inference,
        cluster=cluster,
        devices=Devices(),
        models=models,
        live=_open_live(stack, settings, queue, inference, worker),
        vad=vad,
        vad_texts=vad_texts,
        cases=Cases(queue, lambda: installation(store.now, models, lambda: doctor.newest)),
        doctor=doctor,
        health=health,
        journal=Journal(settings.data_dir / JOURNAL_FOLDER),
        replays=replays,
        comparisons=Comparisons(queue),
        webhooks=open_webhooks(stack, queue.database, settings.data_dir, lambda: networks(settings.webhook_networks)),
        accounts=open_accounts(settings, queue.database),
        has_worker=start_worker,
        is_working=lambda: worker is None or worker.is_working,
        default_options_of=_default_options,
    )


def _open_models(stack: ExitStack, settings: Settings, spec: EngineSpec | None) -> tuple[Models, SettingsStore]:
    models = open_models(settings, spec)
    stack.enter_context(models.open())
    return models, SettingsStore(settings, models.chosen, _adjust_log)


def _open_inference(
    cluster: Cluster | None,
    models: Models,
    settings: Settings,
    spec: EngineSpec | None,
    spec_of: Callable[[Path], EngineSpec],
) -> tuple[Inference, DedicatedEngines]:
    """Return the inference of the model in use, and the place of those that jobs name."""
    inference_of = inference_maker(settings, cluster)
    inference = inference_of(spec or spec_of_folder(settings, models.folder_in_use()))
    models.device = lambda: _device(inference)
    return inference, dedicated_engines(settings, lambda name: spec_of(models.recognising_folder(name)), inference_of)


def _open_queue(stack: ExitStack, settings: Settings) -> Queue:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_store(settings)
    stack.callback(database.close)
    database.migrate()
    files = open_files(settings)
    stack.enter_context(job_logs(files.folder))
    queue = Queue(database, files)
    stack.enter_context(database.listening(queue.announce))
    return queue


def _start_worker(
    stack: ExitStack,
    settings: Settings,
    queue: Queue,
    inference: Inference,
    engines: DedicatedEngines,
    pool: Preparer,
) -> Worker:
    worker = Worker(
        queue,
        queue.files,
        inference,
        decode_limits(settings),
        concurrent_jobs=settings.concurrent_jobs,
        segment_timeout_seconds=settings.segment_timeout_seconds,
        engines=engines,
        pool=pool,
        speaker_model=lambda: speaker_model_dir(settings),
        knows_voices=settings.known_voices,
    )
    stack.enter_context(worker.running())
    return worker


def _keep_house(
    stack: ExitStack, reloader: ModelReloader, store: SettingsStore, trash: Trash, *, has_worker: bool
) -> None:
    """Start the model reloader and the retention, where jobs run in this process."""
    if not has_worker:
        return
    stack.enter_context(reloader.running())
    stack.enter_context(Retention(trash, lambda: retention_spans(store.now)).running())


def _open_live(
    stack: ExitStack,
    settings: Settings,
    queue: Queue,
    inference: Inference,
    worker: Worker | None,
) -> Live:
    partials = PartialEngine(
        quick_spec(settings),
        lambda options: is_slow_live(inference.spec, _device(inference), options),
        settings.segment_timeout_seconds,
    )
    stack.enter_context(partials.running())
    limits = LiveLimits(settings.live_sessions, settings.live_keep_minutes, settings.max_duration_hours * 3600)
    scheduler, voices = (worker.scheduler, worker.voices) if worker else (None, None)
    live = Live(queue, scheduler, limits, lambda: _model_name(inference), partials.scheduler_for, voices)
    stack.enter_context(live.running())
    return live


def _open_sound(
    stack: ExitStack,
    settings: Settings,
    queue: Queue,
    scheduler: InferenceScheduler | None,
    pool: PreparationPool,
) -> tuple[VadAnalyses, VadTranscriber, HeardAudio]:
    vad = open_analyses(settings, queue, decode_limits(settings), vad_options(settings), pool)
    stack.enter_context(vad.running())
    texts = VadTranscriber(vad, scheduler)
    stack.enter_context(texts.running())
    heard = HeardAudio(queue, decode_limits(settings), pool)
    stack.enter_context(heard.running())
    return vad, texts, heard


def _open_support(
    stack: ExitStack, settings: Settings, store: SettingsStore, inference: Inference, cluster: Cluster | None
) -> tuple[Doctor, Health, Replays]:
    doctor = Doctor(lambda: subject_of(store.now, inference.spec, cluster))
    health = Health(doctor, lambda: _model_problem(inference))
    stack.enter_context(health.running())
    replays = Replays(settings.data_dir / REPLAY_FOLDER, replay_command(settings))
    stack.callback(replays.close)
    return doctor, health, replays


def _open_batches(
    stack: ExitStack, queue: Queue, inference: Inference, store: SettingsStore
) -> tuple[Batches, BatchUploads, BatchImporter]:
    files = open_uploads(store.now)
    batches = Batches(queue, files)
    uploads = BatchUploads(queue, files, lambda: store.now.max_upload_bytes, lambda: _model_name(inference))
    importer = BatchImporter(uploads, store.now.import_root, [batches.clear_up])
    stack.enter_context(importer.running())
    return batches, uploads, importer


def _adjust_log(settings: Settings) -> None:
    adjust_logging(settings.log_level, settings.log_file_mb)


def _model_name(inference: Inference) -> str | None:
    info = inference.status().info
    return info.model if info else None


def _device(inference: Inference) -> str:
    info = inference.status().info
    return info.device if info else ""


def _model_problem(inference: Inference) -> Problem | None:
    """Return why recognition is unavailable; None if it works."""
    status = inference.status()
    return status.problem if status.state == "failed" else None


def _default_options(settings: Settings) -> TranscriptionOptions:
    return TranscriptionOptions(vad=vad_options(settings), replacements=parse_rules(settings.replacements))


def _reloader(
    models: Models, inference: Inference, store: SettingsStore, spec_of: Callable[[Path], EngineSpec]
) -> ModelReloader:
    return ModelReloader(models, inference, spec_of, lambda: store.now.model_idle_minutes * 60, store)
