"""The program, and test modules, in processes forked from one that has already imported everything.

`python -m app transcribe` takes nine seconds of CPU time for five seconds of audio: seven of them import libraries,
torch above all, in the command and in the inference process. Here both are forked from multiprocessing's fork server,
which pays that once for all tests, and so are xdist's workers, which need half of all that. Everything after the imports
is the same; that it works in a fresh interpreter, too, is covered by tests/test_main_job.py, tests/packaging,
tests/support/test_doctor.py and others.

The processes that prepare recordings fork for each of them, and what is large takes long to fork: they come from a second,
small server, which only xdist's workers have.
"""

from __future__ import annotations

import atexit
import errno
import inspect
import multiprocessing
import multiprocessing.context
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import forkserver, reduction, resource_tracker, spawn
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socket
from threading import local
from typing import IO, Any

REPOSITORY = Path(__file__).resolve().parent.parent
IMPORTED = [
    "pytest",  # the main module of who asks, which every new process imports again
    __name__,  # by which the server outlives whoever is killed while asking
    "alembic.command",
    "anyio._backends._asyncio",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "torchaudio",
    "mcp",
    "openai",
    "playwright.sync_api",
    "starlette.testclient",
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
    "tests.frozen",
]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(IMPORTED)
_SPAWN = multiprocessing.get_context("spawn")
_POPEN = subprocess.Popen
_EXECUTE = inspect.signature(_POPEN._execute_child)  # type: ignore[attr-defined]
_PROGRAM = [sys.executable, "-P", "-m"]
_READER = [sys.executable, "-P", "-X", "faulthandler", "-m", "app.engine.preparation.child"]
_FIRST_LINE = "import sys;exec(eval(sys.stdin.readline()))"  # of execnet's, by which xdist starts its workers
_ADDRESS = "TESTS_FORK_SERVER"  # of the server that the workers share
_READERS_ADDRESS = "TESTS_FORK_SERVER_OF_READERS"
_here = local()
"""`server` is that of which this thread has a process forked, unless it is the usual one."""
_PATHS = {"", *os.environ.get("PYTHONPATH", "").split(os.pathsep)}  # where the server found what it imports


def run(
    *arguments: object, variables: Mapping[str, str] | None = None, seconds: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run `python -m app` with these arguments in the repository's folder, and return what it wrote.

    `variables` are those of its environment: those of the tests without any.

    Raises:
        subprocess.TimeoutExpired: it took longer; it is killed.
    """
    with start_module("app", *arguments, variables=variables, stderr=subprocess.PIPE) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess([*map(str, arguments)], process.wait(), out, err)


def start_module(
    module: str, *arguments: object, variables: Mapping[str, str] | None = None, stderr: int | None = None
) -> WarmPopen:
    """Start `python -m MODULE` in the repository's folder; what it prints is text in `stdout`."""
    return WarmPopen(
        [*_PROGRAM, module, *map(str, arguments)],
        cwd=REPOSITORY,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
    )


class WarmPopen(subprocess.Popen[str]):
    """A process of the program's is forked; every other one is what subprocess makes of it."""

    stdout: IO[str]
    _forked: multiprocessing.context.ForkServerProcess | None = None

    def _execute_child(self, *arguments: Any) -> None:
        given = _EXECUTE.bind(self, *arguments).arguments
        environment = dict(os.environ if given["env"] is None else given["env"])
        if not _is_forkable(given["args"], environment):
            super()._execute_child(*arguments)  # type: ignore[misc]
            return
        pipes = [given[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")]
        streams = [
            Connection(os.dup(own if theirs == -1 else theirs))
            for own, theirs in enumerate((given["p2cread"], given["c2pwrite"], given["errwrite"]))
        ]
        words = given["args"][len(_beginning(given["args"])) :]
        target = (words, environment, streams, given["start_new_session"])
        self._forked = _CONTEXT.Process(target=_run, args=target, name=words[0])
        if words[0] == _READER[-1]:
            _here.server = _server_at(environment[_READERS_ADDRESS])
        try:
            self._forked.start()
        finally:
            _here.__dict__.clear()
        multiprocessing.process._children.discard(self._forked)  # type: ignore[attr-defined] # nobody waits for it at exit
        for stream in streams:
            stream.close()
        self.pid, self._child_created = self._forked.pid, True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _internal_poll(self, *arguments: Any, **named: Any) -> int | None:
        if self._forked is None:
            return super()._internal_poll(*arguments, **named)  # type: ignore[misc,no-any-return]
        if self.returncode is None:
            self.returncode = self._forked.exitcode  # type: ignore[assignment]
        return self.returncode

    def _wait(self, timeout: float | None) -> int:
        if self._forked is None:
            return super()._wait(timeout)  # type: ignore[misc,no-any-return]
        self._forked.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode


def _is_forkable(words: Any, environment: Mapping[str, str]) -> bool:
    """Return whether this is a worker or a module of ours, which imports what all others do."""
    if not isinstance(words, list) or not (beginning := _beginning(words)):
        return False
    if words[-1] == _FIRST_LINE:
        return True
    if beginning == _READER[:-1] and _READERS_ADDRESS not in environment:
        return False
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    return (
        words[len(beginning)].startswith(("app", "benchmarks.", "tests.")) and set(paths) - {str(REPOSITORY)} <= _PATHS
    )


def _beginning(words: list[str]) -> list[str]:
    """Return what stands before the module of a process that can be forked; nothing of any other."""
    if words[-1] == _FIRST_LINE:
        return words[:-1]
    return next((known for known in (_PROGRAM, _READER[:-1]) if words[: len(known)] == known), [])


def _run(words: list[str], environment: dict[str, str], streams: Sequence[Connection], is_leader: bool) -> None:
    for descriptor, stream in enumerate(streams):
        os.dup2(stream.fileno(), descriptor)  # also what C libraries write goes there
        stream.close()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    if is_leader:
        os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    if words[-1] == _FIRST_LINE:
        _work()
        return
    if words[0] == _READER[-1]:
        os.setpgid(0, 0)
        words[1] = str(os.getppid())  # the server takes the place of who asked for it
    os.chdir(REPOSITORY)
    sys.argv = words
    _fork_instead_of_spawn()
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def _work() -> None:
    """Be a worker, to the end of which belongs what multiprocessing leaves out."""
    try:
        exec(_FIRST_LINE, {})  # noqa: S102 - as in a fresh interpreter
    finally:
        atexit._run_exitfuncs()


def start_for_workers() -> None:
    """Start the servers from which the workers' processes are forked; they end with this process."""
    forkserver.ensure_running()
    os.environ[_ADDRESS] = str(forkserver._forkserver._forkserver_address)  # type: ignore[attr-defined]
    os.environ[_READERS_ADDRESS] = str(new_server(__name__, _READER[-1])._forkserver_address)


def new_server(*imported: str) -> Any:
    """Start another server, which has imported these modules and ends with this process."""
    server: Any = forkserver.ForkServer()
    server.set_forkserver_preload([*imported])
    server.ensure_running()
    return server


def use_shared() -> None:
    """Fork from the server that was started for all workers, if this is one of them."""
    if address := os.environ.pop(_ADDRESS, ""):
        forkserver._forkserver = _server_at(address)  # type: ignore[attr-defined]
        forkserver.ensure_running = forkserver._forkserver.ensure_running


@cache
def _server_at(address: str) -> Any:
    """Return a server that somebody else has started and keeps alive."""
    server: Any = forkserver.ForkServer()
    server._forkserver_address = address
    server._forkserver_alive_fd = os.open(os.devnull, os.O_RDONLY)
    server.ensure_running = resource_tracker.ensure_running
    return server


def _connect(descriptors: Sequence[int]) -> tuple[int, int]:
    usual: Any = forkserver._forkserver
    return getattr(_here, "server", usual).connect_to_new_process(descriptors)  # type: ignore[no-any-return]


def _what_to_prepare(name: str) -> dict[str, Any]:
    told = _GET_PREPARATION_DATA(name)
    if hasattr(_here, "server"):  # to import the main module of who asks would take longer than all the rest
        told = {name: value for name, value in told.items() if not name.startswith("init_main")}
    return told


def _receive(asked: socket, size: int) -> list[int]:
    """Return the descriptors with which somebody asks the server, which goes on when there are none.

    Raises:
        ConnectionAbortedError: who asked was killed between two calls; the server would end by the usual error.
    """
    try:
        return _RECEIVE(asked, size)
    except EOFError as error:
        raise ConnectionAbortedError(errno.ECONNABORTED, "who asked is gone") from error


_RECEIVE = reduction.recvfds
reduction.recvfds = _receive
_GET_PREPARATION_DATA = spawn.get_preparation_data
spawn.get_preparation_data = _what_to_prepare
forkserver.connect_to_new_process = _connect  # type: ignore[assignment]


def _fork_instead_of_spawn() -> None:
    """Fork what the program starts from the same server, which runs and of which only the test may start another."""
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign]
    fork_what_is_started()


def fork_what_is_started(*, yes: bool = True) -> None:
    """Let the processes that the program starts come from the server, or from fresh interpreters as they do outside."""
    multiprocessing.context._concrete_contexts["spawn"] = _CONTEXT if yes else _SPAWN  # type: ignore[attr-defined]
    subprocess.Popen = WarmPopen if yes else _POPEN  # type: ignore[assignment,misc]
