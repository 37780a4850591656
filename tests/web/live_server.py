"""A server with one of the engines of tests/fakes.py: `python -m tests.web.live_server DATA_DIR FACTORY` serves.

A factory of another module is named with it, as in `tests.cluster.engines:NotingEngine`.

With a third argument, waiting programs are kept alive after so many seconds, and then as often.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from app.cli.serve import listen, listen_for_funasr, server_config, with_port_of
from app.engine import EngineSpec
from app.logging import setup_logging
from app.main import create_app
from app.settings import Settings
from app.web.clients import job_answers


def main(data_dir: Path, factory: str, pace_seconds: float | None = None) -> None:
    if pace_seconds is not None:
        job_answers.PACE = job_answers.Pace(pace_seconds, pace_seconds, pace_seconds)
    settings = Settings(data_dir=data_dir, log_dir=data_dir / "logs")
    setup_logging(settings.log_dir)
    notes = data_dir / "notes"
    notes.mkdir(parents=True, exist_ok=True)
    listeners = [listen("127.0.0.1", 0), *listen_for_funasr(settings)]
    for listener in listeners:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    settings = with_port_of(settings, listeners[1:])
    factory = factory if ":" in factory else f"tests.fakes:{factory}"
    config = server_config(create_app(settings, spec=EngineSpec(notes, factory=factory)), settings)
    config.timeout_graceful_shutdown = 2
    uvicorn.Server(config).run(sockets=listeners)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(float, sys.argv[3:]))
