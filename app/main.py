"""Puts the server together: opens what lives as long as it, and leads requests through the gate to the routes."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool

from app import __version__
from app.composition import (
    decode_limits,
    is_slow_live,
    open_models,
    quick_spec,
    replay_command,
    spec_of_folder,
    subject_of,
    surroundings,
    vad_options,
)
from app.domain.addresses import networks
from app.domain.errors import Problem, RootPathTaken
from app.domain.options import TranscriptionOptions
from app.engine.preparation.preparation import PreparationPool
from app.logging import adjust_logging, job_logs
from app.services.batches.batches import BatchBook
from app.services.batches.importer import Porter
from app.services.batches.uploads import Arrivals
from app.services.comparisons import Comparisons
from app.services.inference.devices import Devices
from app.services.inference.process import InferenceProcess
from app.services.live import Live, LiveLimits
from app.services.live.partial_engine import QuickReader
from app.services.models.reloader import ModelKeeper
from app.services.settings import SettingsBook
from app.services.transcriptions.history import History
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.retention import Retention, Spans
from app.services.transcriptions.trash import Trash
from app.services.vad.analyses import Vad
from app.services.vad.texts import VadTexts
from app.services.worker.worker import Worker
from app.store.database import Database
from app.store.files.recordings import Files
from app.store.files.upload_chunks import UploadFiles
from app.store.files.vad_folders import Analyses
from app.support.case.cases import Cases
from app.support.doctor.examination import Doctor
from app.support.health import Health
from app.support.journal import FOLDER as JOURNAL_FOLDER
from app.support.journal import Journal
from app.support.replay.runs import FOLDER as REPLAY_FOLDER
from app.support.replay.runs import Replays
from app.web.api.routers import API_PATH
from app.web.errors import install_error_handlers
from app.web.middleware.compression import CompressedPages
from app.web.middleware.lingering_close import LingeringClose
from app.web.middleware.proxy import BehindProxy, first_segments, is_taken
from app.web.middleware.request_log import RequestLog
from app.web.middleware.security import Gate, SecurityHeaders, allowed_hosts, allowed_origins
from app.web.openapi import DescribedApp
from app.web.routes import add_routes

if TYPE_CHECKING:
    from app.engine import EngineSpec
    from app.services.models.models import Models
    from app.settings import Settings
    from app.web.dependencies import SettingsNow, State

log = logging.getLogger(__name__)

DESCRIPTION = """
Send a recording, get a text that can be trusted.

Every error has one shape: `{"error": {"code", "message", "advice", "request_id"}}`. The code is stable; the texts
come in the language of `Accept-Language` (Chinese or English). Times are RFC 3339 in UTC, durations are seconds.

Live recognition is a WebSocket at `/api/v1/live`; `docs/live-protocol.md` of the program describes its messages.
"""


def create_app(settings: Settings, *, spec: EngineSpec | None = None, start_worker: bool = True) -> FastAPI:
    """Return the server. Without a worker its jobs wait for `python -m app worker`.

    Raises:
        RootPathTaken: pages of the program begin with the name of its root path.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        with ExitStack() as stack:
            yield await run_in_threadpool(_open, stack, settings, spec, start_worker)
            await run_in_threadpool(stack.close)  # it waits for threads and processes

    app = DescribedApp(
        title="Fun-ASR WebUI",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=f"{API_PATH}/openapi.json",
        docs_url=None,  # FastAPI's own pages load scripts from a CDN: /docs is ours and works offline
        redoc_url=None,
    )
    install_error_handlers(app)
    add_routes(app)
    _add_middleware(app, settings)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add the layers around the routes, the innermost first."""
    app.add_middleware(CompressedPages)
    app.add_middleware(
        Gate,
        hosts=allowed_hosts(settings.host, settings.allowed_hosts),
        origins=allowed_origins(settings.allowed_hosts),
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)
    app.add_middleware(LingeringClose)
    own_names = first_segments(each.path or "/" for each in iter_route_contexts(app.routes))
    if is_taken(settings.root_path, own_names):
        raise RootPathTaken(path=settings.root_path)
    trusted = networks(settings.trusted_proxies)
    app.add_middleware(BehindProxy, root_path=settings.root_path, trusted=trusted, own_names=own_names)


@contextmanager
def open_worker(settings: Settings) -> Iterator[State]:
    """Do the queued jobs inside the block, without a server; it gets what a server would have.

    Raises:
        DatabaseUnusable
    """
    with ExitStack() as stack:
        yield _open(stack, settings, None, start_worker=True)


def _open(stack: ExitStack, settings: Settings, spec: EngineSpec | None, start_worker: bool) -> State:
    """Open everything that lives as long as the server; `stack` closes it, the last first."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.data_dir)
    stack.callback(database.close)
    database.migrate()
    files = Files(settings.data_dir)
    stack.enter_context(job_logs(files.folder))
    queue = Queue(database, files)
    trash = Trash(queue)
    shelf = open_models(settings, spec)
    stack.enter_context(shelf.open())
    book = SettingsBook(settings, shelf.chosen, _adjust_log)
    inference = InferenceProcess(spec or spec_of_folder(settings, shelf.folder_in_use()))
    spec_of = _spec_of(book, spec)
    shelf.device = lambda: _device(inference)
    pool = stack.enter_context(PreparationPool())
    lanes = None
    if start_worker:
        worker = Worker(
            queue,
            files,
            inference,
            decode_limits(settings),
            concurrent_jobs=settings.concurrent_jobs,
            segment_timeout_seconds=settings.segment_timeout_seconds,
            spec_of_model=lambda name: spec_of(shelf.recognising_folder(name)),
            pool=pool,
        )
        stack.enter_context(worker.running())
        lanes = worker.batches
        stack.enter_context(_keeper(shelf, inference, book, spec_of).running())
        stack.enter_context(Retention(trash, lambda: _spans(book)).running())
    quick = QuickReader(
        quick_spec(settings),
        lambda options: is_slow_live(inference.spec, _device(inference), options),
        settings.segment_timeout_seconds,
    )
    stack.enter_context(quick.running())
    live_sessions = Live(
        queue, lanes, _live_limits(settings), lambda: _model_name(inference), quick.batches_for
    )
    stack.enter_context(live_sessions.running())
    vad = Vad(Analyses(settings.data_dir), queue, decode_limits(settings), vad_options(settings), pool)
    stack.enter_context(vad.running())
    vad_texts = VadTexts(vad, lanes)
    stack.enter_context(vad_texts.running())
    batch_book, arrivals, porter = _open_batches(stack, queue, inference, book)
    doctor = Doctor(lambda: subject_of(book.now, inference.spec))
    health = Health(doctor, lambda: _model_problem(inference))
    stack.enter_context(health.running())
    replays = Replays(settings.data_dir / REPLAY_FOLDER, replay_command(settings))
    stack.callback(replays.close)
    return {
        "settings": settings,
        "settings_book": book,
        "settings_now": lambda: _settings_now(book),
        "queue": queue,
        "history": History(queue),
        "trash": trash,
        "batches": batch_book,
        "arrivals": arrivals,
        "porter": porter,
        "inference": inference,
        "devices": Devices(),
        "models": shelf,
        "live": live_sessions,
        "vad": vad,
        "vad_texts": vad_texts,
        "cases": Cases(queue, lambda: surroundings(book.now, shelf, lambda: doctor.newest)),
        "doctor": doctor,
        "health": health,
        "replays": replays,
        "comparisons": Comparisons(queue),
        "journal": Journal(settings.data_dir / JOURNAL_FOLDER),
        "has_worker": start_worker,
        "default_options": TranscriptionOptions(vad=vad_options(settings)),
        "started_at": time.monotonic(),
    }


def _open_batches(
    stack: ExitStack, queue: Queue, inference: InferenceProcess, book: SettingsBook
) -> tuple[BatchBook, Arrivals, Porter]:
    uploads = UploadFiles(book.now.data_dir)
    batch_book = BatchBook(queue, uploads)
    arrivals = Arrivals(
        queue, uploads, lambda: book.now.max_upload_mb * 2**20, lambda: _model_name(inference)
    )
    porter = Porter(arrivals, book.now.import_root, [batch_book.clear_up])
    stack.enter_context(porter.running())
    return batch_book, arrivals, porter


def _adjust_log(settings: Settings) -> None:
    adjust_logging(settings.log_level, settings.log_file_mb)


def _live_limits(settings: Settings) -> LiveLimits:
    return LiveLimits(settings.live_sessions, settings.live_keep_minutes, settings.max_duration_hours * 3600)


def _model_name(inference: InferenceProcess) -> str | None:
    info = inference.status().info
    return info.model if info else None


def _device(inference: InferenceProcess) -> str:
    info = inference.status().info
    return info.device if info else ""


def _model_problem(inference: InferenceProcess) -> Problem | None:
    """Return why nothing can be recognised; None while all is well."""
    status = inference.status()
    return status.problem if status.state == "failed" else None


def _settings_now(book: SettingsBook) -> SettingsNow:
    """Return what routes see of the settings: changes on the page hold for the next request."""
    settings = book.now
    return {"settings": settings, "default_options": TranscriptionOptions(vad=vad_options(settings))}


def _spans(book: SettingsBook) -> Spans:
    settings = book.now
    return Spans(settings.retention_days, settings.trash_days)


def _keeper(
    shelf: Models, inference: InferenceProcess, book: SettingsBook, spec_of: Callable[[Path], EngineSpec]
) -> ModelKeeper:
    return ModelKeeper(shelf, inference, spec_of, lambda: book.now.model_idle_minutes * 60, book)


def _spec_of(book: SettingsBook, spec: EngineSpec | None) -> Callable[[Path], EngineSpec]:
    """Return what tells how to load a folder, with the settings as they are then."""

    def spec_of(folder: Path) -> EngineSpec:
        settings = book.now
        if spec is None:
            return spec_of_folder(settings, folder)
        changes = book.engine_changes(settings)
        if "allow_device_fallback" in changes:
            changes["allow_fallback"] = changes.pop("allow_device_fallback")
        return replace(spec, model_dir=folder, **changes)

    return spec_of
