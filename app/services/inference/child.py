"""One run of the inference process, from start to exit, as the server sees it.

One thread at a time sends requests; only `kill` may be called from another. When to restart and whom to notify
is decided in process.py.
"""

from __future__ import annotations

import multiprocessing
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Timer

import psutil

from app.domain.errors.base import N_
from app.domain.errors.inference import InferenceCrashed, InferenceHung
from app.domain.exit_status import exit_cause
from app.engine import EngineSpec
from app.engine.process.child import serve
from app.engine.process.messages import Answer, Request, Stop

PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
FAREWELL_SECONDS = 2.0  # an idle child exits immediately; one that does not is killed


class Child:
    """A process that answers requests about speech."""

    def __init__(self, spec: EngineSpec) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks, and CUDA forbids it
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, spec), name="inference", daemon=True)
        self.has_answered = False
        """Whether it has recognised anything."""
        self._process.start()
        theirs.close()  # leaves the child the only holder: its exit closes the connection

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def sentinel(self) -> int:
        """Becomes readable when the process ends."""
        return self._process.sentinel

    def rss_bytes(self) -> int | None:
        """Return the current memory of the process, or None if it has ended."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).memory_info().rss
        return None

    def peak_bytes(self) -> int | None:
        """Return the peak memory of the process, or None if it has ended.

        On systems that do not report a peak (Linux does), this is the current memory.
        """
        with suppress(OSError):
            told = PEAK.search(Path(f"/proc/{self.pid}/status").read_text(encoding="ascii"))
            if told:
                return int(told[1]) * 1024
        return self.rss_bytes()

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def first_answer(self, seconds: float) -> Answer:
        """Wait until the engine has loaded or failed to load.

        Raises:
            InferenceCrashed: the process died.
            InferenceHung: it did not answer within `seconds` and was killed.
        """
        return self._exchange(None, seconds)

    def ask(self, request: Request, seconds: float) -> Answer:
        """Send `request` and return its answer.

        Raises:
            InferenceCrashed: the process died.
            InferenceHung: it did not respond for `seconds` and was killed.
        """
        return self._exchange(request, seconds)

    def kill(self) -> None:
        """Kill the process; a caller waiting for its answer gets InferenceCrashed."""
        self._process.kill()

    def end(self) -> None:
        """End the process, gracefully if idle, and wait until its memory is free."""
        with suppress(OSError):
            self._connection.send(Stop())
            self._process.join(FAREWELL_SECONDS)
        self.clean_up()

    def clean_up(self) -> None:
        """Make sure the process has ended, and release its resources."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def exit_error(self) -> InferenceCrashed:
        """Return an error that describes how the process died."""
        self._process.join(FAREWELL_SECONDS)
        return InferenceCrashed(detail=_cause(self._process.exitcode))

    def _exchange(self, request: Request | None, seconds: float) -> Answer:
        with self._killing_after(seconds) as is_late:
            try:
                if request is not None:
                    self._connection.send(request)  # also blocks if the child does not read
                answer: Answer = self._connection.recv()
            except (EOFError, OSError) as silence:
                if is_late.is_set():
                    raise InferenceHung(seconds=round(seconds, 1)) from silence
                raise self.exit_error() from silence
        return answer

    @contextmanager
    def _killing_after(self, seconds: float) -> Iterator[Event]:
        is_late = Event()

        def kill() -> None:
            is_late.set()
            self.kill()

        timer = Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield is_late
        finally:
            timer.cancel()


def _cause(exitcode: int | None) -> str:
    if exitcode is None:
        return N_("it closed its connection")
    if exitcode == -signal.SIGKILL:
        return N_("SIGKILL: killed, probably because the machine was out of memory")
    return exit_cause(exitcode)
