"""A server without pages: `python -m tests.services.worker_main DATA_DIR FACTORY JOBS` works until it is killed."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from app.engine import EngineSpec
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.pool import PreparationPool
from app.logging import job_logs, setup_logging
from app.services.inference.process import InferenceProcess
from app.services.transcriptions.job_queue import Queue
from app.services.worker.worker import Worker
from app.store.files.recordings import Files
from tests.databases import database_in


def main(data_dir: Path, factory: str, concurrent_jobs: int) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    setup_logging(data_dir / "logs")
    database = database_in(data_dir)
    database.migrate()
    files = Files(data_dir)
    inference = InferenceProcess(EngineSpec(data_dir, factory=f"tests.fakes:{factory}"))
    limits = DecodeLimits(600, 60, 1024)
    with PreparationPool() as pool:
        worker = Worker(Queue(database, files), files, inference, limits, concurrent_jobs, pool=pool)
        with job_logs(files.folder), worker.running():
            stop.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
