"""The program, and modules of tests, in processes that are forked from one that has imported everything already.

`python -m app transcribe` takes nine seconds of a processor for five seconds of sound: seven of them import libraries,
torch above all, in the command and in the process that infers. Here both are forked from a server of multiprocessing's,
which pays that once for all tests of a worker. What happens after the imports is the same; that it works in a fresh
interpreter, too, is proven by tests/test_main_job.py and tests/packaging.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

REPOSITORY = Path(__file__).resolve().parent.parent
IMPORTED = [
    "pytest",  # the main module of who asks, which every new process imports again
    "app.cli.main",
    "app.cli.compare",
    "app.cli.doctor",
    "app.cli.models",
    "app.cli.replay",
    "app.cli.serve",
    "app.cli.transcribe",
    "app.cli.watch",
    "app.engine.process.child",
    "app.engine.native.recognizer",
    "app.engine.conformer.model",
    "app.engine.whisper.engine",
    "tests.fakes",
]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(IMPORTED)
_SPAWN = multiprocessing.get_context("spawn")


def run(
    *arguments: object, variables: Mapping[str, str] | None = None, seconds: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run `python -m app` with these arguments in the repository's folder, and return what it wrote.

    `variables` are those of its environment: those of the tests without any.

    Raises:
        subprocess.TimeoutExpired: it took longer; it is killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _started("app", arguments, variables, (str(out), str(err)))
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired("app", seconds, out.read_text("utf-8"), err.read_text("utf-8"))
        written, said = (path.read_text("utf-8", "replace") for path in (out, err))
        return subprocess.CompletedProcess([*map(str, arguments)], process.exitcode, written, said)


class WarmProcess:
    """`python -m MODULE` as subprocess.Popen has it, as far as tests need it; what it prints is text in `stdout`."""

    def __init__(self, module: str, *arguments: object, variables: Mapping[str, str] | None = None) -> None:
        ours, theirs = _CONTEXT.Pipe(duplex=False)
        self._process = _started(module, arguments, variables, theirs)
        theirs.close()
        self.stdout = os.fdopen(os.dup(ours.fileno()), encoding="utf-8")
        ours.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired where that takes too long."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stdout.close()
        self.wait()


def _started(
    module: str,
    arguments: tuple[object, ...],
    variables: Mapping[str, str] | None,
    output: tuple[str, str] | Connection,
) -> multiprocessing.context.ForkServerProcess:
    environment = dict(os.environ if variables is None else variables)
    words = [*map(str, arguments)]
    process = _CONTEXT.Process(target=_run, args=(module, words, environment, output), name=module)
    process.start()
    return process


def _run(
    module: str, arguments: list[str], environment: dict[str, str], output: tuple[str, str] | Connection
) -> None:
    if isinstance(output, tuple):
        _redirect(output)
    else:
        os.dup2(output.fileno(), 1)
        output.close()
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(REPOSITORY)
    tempfile.tempdir = None
    sys.argv = [module, *arguments]
    _fork_instead_of_spawn()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _redirect(files: tuple[str, str]) -> None:
    """Let file descriptors 1 and 2 be the files: also what C libraries write goes there."""
    for descriptor, file in zip((1, 2), files, strict=True):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)


def _fork_instead_of_spawn() -> None:
    """Fork what the program spawns from the same server, which runs and of which only the test may start another."""
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[attr-defined]
    fork_what_is_spawned()


def fork_what_is_spawned(*, yes: bool = True) -> None:
    """Let the processes that the program spawns come from the server, or from fresh interpreters as they do outside."""
    multiprocessing.context._concrete_contexts["spawn"] = _CONTEXT if yes else _SPAWN  # type: ignore[attr-defined]
