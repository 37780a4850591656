"""Commands of the program in processes that are forked from one that has imported everything already.

`python -m app transcribe` takes eight seconds of a processor for five seconds of sound: six of them import libraries,
torch above all, in the command and in the process that infers. Here both are forked from a server of multiprocessing's,
which pays that once for all tests of a worker. What happens after the imports is the same; that they work in a fresh
interpreter is proven by tests/test_main_job.py and tests/packaging.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import forkserver
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
IMPORTED = [
    "pytest",  # the main module of who asks, which every new process imports again
    "app.cli",
    "app.commands.compare",
    "app.commands.doctor",
    "app.commands.models",
    "app.commands.replay",
    "app.commands.serve",
    "app.commands.transcribe",
    "app.commands.watch",
    "app.engine.process",
    "app.engine.recognizer",
    "app.engine.conformer.model",
    "app.engine.whisper.engine",
]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(IMPORTED)


def run(
    *arguments: object, variables: Mapping[str, str] | None = None, seconds: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run `python -m app` with these arguments in the repository's folder, and return what it wrote.

    `variables` are those of its environment: those of the tests without any.

    Raises:
        subprocess.TimeoutExpired: it took longer; it is killed.
    """
    command = [*map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        environment = dict(os.environ if variables is None else variables)
        process = _CONTEXT.Process(target=_run, args=(command, environment, str(out), str(err)))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(command, seconds, out.read_text("utf-8"), err.read_text("utf-8"))
        written, said = (path.read_text("utf-8", "replace") for path in (out, err))
        return subprocess.CompletedProcess(command, process.exitcode, written, said)


def _run(arguments: list[str], environment: dict[str, str], out: str, err: str) -> None:
    _redirect(out, err)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(REPOSITORY)
    tempfile.tempdir = None
    sys.argv = ["app", *arguments]
    _fork_instead_of_spawn()
    runpy.run_module("app", run_name="__main__", alter_sys=True)


def _redirect(out: str, err: str) -> None:
    """Let file descriptors 1 and 2 be the files: also what C libraries write goes there."""
    for descriptor, file in ((1, out), (2, err)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115


def _fork_instead_of_spawn() -> None:
    """Fork what the command spawns from the same server, which runs and of which only the test may start another."""
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[attr-defined]
    multiprocessing.context._concrete_contexts["spawn"] = _CONTEXT  # type: ignore[attr-defined]
