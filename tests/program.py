"""The program as users run it: its command in a separate process, and its server over HTTP."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.conftest import REPOSITORY
from tests.waiting import PATIENCE_SECONDS, wait_until

API = "/api/v1/transcriptions"


@dataclass(frozen=True)
class Program:
    """A command line, where it is run and what its environment says."""

    words: tuple[str, ...] = (sys.executable, "-m", "app")
    folder: Path = REPOSITORY
    variables: Mapping[str, str] | None = None
    """None: those of the tests."""

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, for which pytest's own limit holds."""
        return subprocess.run(
            [*self.words, *map(str, arguments)],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def running(self, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on; it is ended with SIGTERM."""
        command = [*self.words, *map(str, arguments)]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.variables, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=PATIENCE_SECONDS)

    @contextmanager
    def serving(self, *arguments: str | Path) -> Iterator[httpx.Client]:
        """A server on a free port, and who asks it."""
        with (
            self.running("serve", "--port", "0", *arguments) as server,
            httpx.Client(base_url=_address(server), timeout=PATIENCE_SECONDS) as client,
        ):
            yield client


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    for line in server.stdout:
        if match := re.search(r"http://\S+", line):
            return match[0]
    pytest.fail("the server ended without printing its address")


def upload(client: httpx.Client, audio: Path, **options: str) -> dict[str, Any]:
    """Send a recording whose numbers stay words; returns the transcription."""
    with audio.open("rb") as file:
        answer = client.post(API, files={"file": (audio.name, file)}, data={"itn": "false"} | options)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def ended(client: httpx.Client, id: str) -> dict[str, Any]:
    """Return the transcription as soon as its job has come to an end."""

    def job() -> dict[str, Any]:
        return dict(client.get(f"{API}/{id}").json())

    wait_until(lambda: job()["state"] not in ("queued", "running"), lambda: f"still {job()['state']}")
    return job()


def letters(text: str) -> str:
    """Return what two readings of a sentence have in common, whatever their marks and capitals."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())
