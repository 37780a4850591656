"""The real server with the engine of engine.py: `python -m tests.browser.server` prints its address and serves.

Arguments: the data folder, the port, and settings as name=value.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from app.cli.serve import listen
from app.composition import engine_spec
from app.engine import EngineSpec
from app.engine.catalog import extras
from app.logging import setup_logging
from app.main import create_app
from app.settings import Settings

ABSENT = extras.Extra("absent", ("absent_package",), 1)
"""What a Paraformer needs whose folder holds a file of that name."""


def main(data_dir: Path, port: int, *given: str) -> None:
    usual = {"max_upload_mb": "2", "allowed_hosts": "transcribe.lan"}
    settings = Settings(
        data_dir=data_dir, log_dir=data_dir / "logs", **usual | dict(each.split("=", 1) for each in given)
    )
    extras.OF_FOLDERS = {"Paraformer": (ABSENT, "absent_package")}
    setup_logging(settings.log_dir, settings.log_level, settings.log_file_mb)
    spec = EngineSpec(engine_spec(settings).model_dir, factory="tests.browser.engine:load")
    listener = listen("127.0.0.1", port)
    print("Address:", f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    app = create_app(settings, spec=spec)
    uvicorn.Server(uvicorn.Config(app, log_config=None, proxy_headers=False, timeout_graceful_shutdown=2)).run(
        sockets=[listener]
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
