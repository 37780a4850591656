"""`python -m app worker`: a standalone worker, for a server started with --no-worker."""

from __future__ import annotations

import signal
import threading

from app.cli.serve import begin_process
from app.main import open_worker
from app.settings import Settings


def work(settings: Settings) -> int:
    """Run queued jobs until SIGINT or SIGTERM.

    Raises:
        FolderUnwritable: data or logs cannot be written.
    """
    begin_process(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_worker(settings):
        print("The worker does the queued jobs (Ctrl+C stops it)", flush=True)
        stop.wait()
    return 0
