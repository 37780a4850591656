"""The program as an administrator runs it on an object store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.waiting import PATIENCE_SECONDS
from tests.warm import start_module
from tests.web.conftest import http_client


@contextmanager
def server(folder: Path, url: str, *arguments: str, **settings: str) -> Iterator[httpx2.Client]:
    """Run `python -m app serve` with its data in `folder` and its recordings in the bucket of `url`."""
    given = {"files_url": url} | settings
    variables = os.environ | {f"FUNASR_{name.upper()}": value for name, value in given.items()}
    folders = ("--data-dir", folder / "data", "--log-dir", folder / "logs")
    with start_module("app", "serve", "--port", "0", *folders, *arguments, variables=variables) as process:
        try:
            address = next(line.split()[2] for line in process.stdout if "http://" in line)
            with http_client(address) as client:
                yield client
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)
