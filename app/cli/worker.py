"""`python -m app worker`: a standalone worker, for a server started with --no-worker."""

from __future__ import annotations

import os
import signal
import threading

from app.cli.serve import PRIVATE, check_writable
from app.logging import setup_logging
from app.main import open_worker
from app.settings import Settings


def work(settings: Settings) -> int:
    """Run queued jobs until SIGINT or SIGTERM.

    Raises:
        FolderUnwritable: data or logs cannot be written.
    """
    os.umask(PRIVATE)
    for folder in (settings.data_dir, settings.log_dir):
        check_writable(folder)
    setup_logging(settings.log_dir, settings.log_level, settings.log_file_mb, as_json=settings.log_json)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_worker(settings):
        print("The worker does the queued jobs (Ctrl+C stops it)", flush=True)
        stop.wait()
    return 0
