"""A pool of decoding processes: the parent side of child.py. It deals with pipes and processes, not with
the content of requests and answers.

A child is a fresh interpreter rather than multiprocessing's `spawn` or `forkserver`: spawn re-imports the caller's
`__main__` (the whole command line or pytest), and both unpickle what the child sends, which after a successful attack
on a decoder would be code. Here an answer is a line of JSON. An interpreter takes 0.4 s of computing to start, so it is
reused; each file is decoded in a fork of it, so that files cannot affect each other.
"""

from __future__ import annotations

import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, Protocol, Self

from app.paths import environment_of_children

POLL_SECONDS = 0.1
FILES_PER_CHILD = 500  # then a new one: bounds leaks in libraries
IDLE_SECONDS = 60.0
FAREWELL_SECONDS = 2.0  # an idle child exits immediately; one that does not is killed
FORKS = sys.platform == "linux"
"""On other systems libraries may not survive a fork, so each process decodes one file."""
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}
_LARGEST_LINE = 128 << 20  # a child that writes more is broken; see LARGEST_ANSWER there
_LAST_WORDS = 8192  # bytes of a child's output that are kept
_CHUNK = 1 << 16


class Cancelled(Exception):
    """The preparation was cancelled by its caller."""


class Overdue(Exception):
    """There was no answer in time."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome for one file."""

    answer: str
    """What it wrote; only valid if `returncode` is 0."""
    returncode: int
    """As in subprocess: the exit code, or the negated signal."""
    words: str
    """The end of its output."""


class Preparer(Protocol):
    """What decodes files: the children of this machine, or a cluster."""

    def ask(self, request: dict[str, Any], seconds: float, cancelled: Callable[[], bool]) -> Reply:
        """See PreparationPool.ask."""
        ...


class PreparationPool:
    """Decodes files in as many children as there are concurrent callers. Thread-safe.

    A child ends when its file is cancelled, after `files_per_child` files, or after `idle_seconds` without work.
    None outlives this process, however it ends.
    """

    def __init__(
        self,
        *,
        files_per_child: int = FILES_PER_CHILD,
        idle_seconds: float = IDLE_SECONDS,
        forks: bool = FORKS,
    ) -> None:
        self._files_per_child = files_per_child if forks else 1
        self._idle_seconds = idle_seconds
        self._forks = forks
        self._lock = Lock()
        self._idle: list[_Child] = []  # longest idle first
        self._is_closed = False
        self._wanted: queue.SimpleQueue[Future[_Child] | None] = queue.SimpleQueue()
        self._keeper = Thread(target=self._keep, name="preparation-pool", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the idle children; a busy one is ended by the thread waiting for its answer."""
        with self._lock:
            self._is_closed = True
            self._wanted.put(None)
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()
        self._keeper.join()

    def ask(self, request: dict[str, Any], seconds: float, cancelled: Callable[[], bool]) -> Reply:
        """Have one file decoded.

        Raises:
            Cancelled: `cancelled`, polled every POLL_SECONDS, returned true; or the pool is closed.
            Overdue: there was no answer within `seconds`.
        """
        line = json.dumps(request).encode() + b"\n"
        with self._child_for(line) as child:
            return child.wait(seconds, cancelled)

    @contextmanager
    def _child_for(self, line: bytes) -> Iterator[_Child]:
        """Yield a child that has received the request; it is reused if its answer was awaited, else ended."""
        child = self._idle_child() or self._started()
        if not child.begin(line):  # it died while idle: not this file's fault
            child.end()
            child = self._started()
            child.begin(line)
        try:
            yield child
        except BaseException:
            child.end()
            raise
        self._put_back(child)

    def _idle_child(self) -> _Child | None:
        with self._lock:
            return self._idle.pop() if self._idle else None  # so that the others can reach their idle limit

    def _started(self) -> _Child:
        wanted: Future[_Child] = Future()
        with self._lock:
            if self._is_closed:
                raise Cancelled
            self._wanted.put(wanted)
        return wanted.result()

    def _put_back(self, child: _Child) -> None:
        child.idle_since = time.monotonic()
        with self._lock:
            is_kept = not self._is_closed and child.files < self._files_per_child and child.is_alive
            if is_kept:
                self._idle.append(child)
        if not is_kept:
            child.end()

    def _keep(self) -> None:
        """Start children, and end idle ones.

        Linux kills a child with the *thread* that started it; callers' threads come and go, this one stays.
        """
        while True:
            try:
                wanted = self._wanted.get(timeout=self._idle_seconds / 2)
            except queue.Empty:
                self._end_idle()
                continue
            if wanted is None:
                return
            try:
                wanted.set_result(_Child(forks=self._forks))
            except OSError as error:  # out of memory or descriptors
                wanted.set_exception(error)

    def _end_idle(self) -> None:
        before = time.monotonic() - self._idle_seconds
        with self._lock:
            gone = [child for child in self._idle if child.idle_since < before or not child.is_alive]
            self._idle = [child for child in self._idle if child not in gone]
        for child in gone:
            child.end()


class _Child:
    """One process of child.py and the pipes to it."""

    def __init__(self, *, forks: bool) -> None:
        command = [sys.executable, "-P", "-X", "faulthandler", "-m", "app.engine.preparation.child"]
        self._process = subprocess.Popen(
            [*command, str(os.getpid()), "fork" if forks else "once"],
            env=environment_of_children() | ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            process_group=0,  # Ctrl-C at the terminal is for the parent, which ends the child
        )  # fmt: skip
        self._forks = forks
        self.files = 0
        self.idle_since = time.monotonic()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def begin(self, line: bytes) -> bool:
        """Send a request; return whether the child was alive to receive it."""
        assert self._process.stdin  # noqa: S101 - it is a pipe
        self.files += 1
        try:
            self._process.stdin.write(line)
        except OSError:
            return False
        return self.is_alive

    def wait(self, seconds: float, cancelled: Callable[[], bool]) -> Reply:
        """Return the outcome of the file.

        Raises:
            Cancelled, Overdue
        """
        assert self._process.stdout and self._process.stderr  # noqa: S101, PT018 - they are pipes
        line, words = bytearray(), bytearray()
        deadline = time.monotonic() + seconds
        look_at = time.monotonic() + POLL_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ, line)
            selector.register(self._process.stderr, selectors.EVENT_READ, words)
            while not line.endswith(b"\n"):
                for key, _ in selector.select(POLL_SECONDS):
                    if chunk := os.read(key.fd, _CHUNK):
                        key.data.extend(chunk)
                    else:
                        selector.unregister(key.fileobj)
                del words[:-_LAST_WORDS]
                if self._process.stdout.fileno() not in selector.get_map() or len(line) > _LARGEST_LINE:
                    return self._died(words)
                if time.monotonic() >= look_at:
                    _give_up(deadline, cancelled)
                    look_at = time.monotonic() + POLL_SECONDS
        told = json.loads(line)
        return Reply(told["answer"], told["returncode"], self._words(words))

    def end(self) -> None:
        """End the process and its fork, and wait until both are gone.

        A busy child first ends its fork and reaps it: in a container nobody else would.
        """
        assert self._process.stdin  # noqa: S101 - it is a pipe
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(FAREWELL_SECONDS if self._forks else 0)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe  # noqa: S101 - they are pipes
            pipe.close()

    def _died(self, words: bytearray) -> Reply:
        """Return the outcome of a process that died or writes without end."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(FAREWELL_SECONDS)
        self._process.kill()
        return Reply("", self._process.wait() or 1, self._words(words))

    def _words(self, words: bytearray) -> str:
        """Return the end of its output, including what is left in the pipe after its exit."""
        assert self._process.stderr  # noqa: S101 - it is a pipe
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stderr, selectors.EVENT_READ)
            while selector.select(0) and (chunk := os.read(self._process.stderr.fileno(), _CHUNK)):
                words.extend(chunk)
                del words[:-_LAST_WORDS]
        return words.decode("utf-8", "replace")


def _give_up(deadline: float, cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled
    if time.monotonic() > deadline:
        raise Overdue
