"""`python -m app watch`: transcribe every recording that appears in a folder, and write the text to another one."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.cli.options import TextRequest
from app.cli.serve import check_writable
from app.composition import open_models, vad_options
from app.domain.errors.audio import FileUnreadable
from app.domain.errors.base import Problem
from app.domain.errors.setup import DatabaseUnusable
from app.domain.errors.uploads import DiskFull
from app.domain.options import TranscriptionOptions
from app.logging import event, setup_logging
from app.main import open_worker
from app.services.batches.watched_folder import Watch, WatchOrder
from app.settings import Settings

_log = logging.getLogger(__name__)

LONGEST_LOOK_SECONDS = 2.0
LOOKS_TO_SETTLE = 4  # scans with a file unchanged before it counts as complete


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """The request."""

    folder: Path
    output: Path
    text: TextRequest
    settle_seconds: float = 5.0
    once: bool = False


def watch(request: WatchRequest, settings: Settings, report: Callable[[Problem, str], None]) -> int:
    """Watch until SIGINT or SIGTERM, or, if requested, until nothing is left to do.

    Raises:
        ModelError, FileUnreadable, FolderUnwritable: before any work is done.
        FolderWatched: another process watches the same folder.
    """
    order = _order(request, settings)
    if not request.folder.is_dir():
        raise FileUnreadable(file=str(request.folder), reason="it is no folder")
    for folder in (request.output, settings.data_dir, settings.log_dir):
        check_writable(folder)
    open_models(settings).check_in_use()
    setup_logging(settings.log_dir, settings.log_level, settings.log_file_mb, as_json=settings.log_json)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def report_result(name: str, problem: Problem | None) -> None:
        if problem:
            report(problem, name)
        else:
            print(f"{name}: {', '.join(order_format.suffix for order_format in order.formats)}", flush=True)

    with open_worker(settings) as services:
        watched = Watch(order, services.queue, services.batches, services.uploads, report_result)
        with watched.alone(settings.data_dir):
            services.importer.watched = str(request.folder.resolve())
            print(f"Watching {request.folder}, writing to {request.output} (Ctrl+C stops it)", flush=True)
            _scan_until_stopped(watched, stop, request)
    return 1 if request.once and watched.failures else 0


def _order(request: WatchRequest, settings: Settings) -> WatchOrder:
    options = request.text.options.apply(TranscriptionOptions(vad=vad_options(settings)))
    return WatchOrder(request.folder, request.output, request.text.formats, options, request.settle_seconds)


def _scan_until_stopped(watched: Watch, stop: threading.Event, request: WatchRequest) -> None:
    seconds = min(LONGEST_LOOK_SECONDS, max(0.1, request.settle_seconds / LOOKS_TO_SETTLE))
    while not stop.is_set():
        try:
            watched.scan()
            if request.once and watched.is_idle:
                return
        except (DatabaseUnusable, DiskFull) as error:  # in the data folder; the next scan tries again
            event(_log, logging.WARNING, "watch_waits", reason=error)
        stop.wait(seconds)
