"""Keeps the inference process running: starts, monitors and restarts it, with the reason in log and status.

It deals with waveforms and texts, not with jobs or files, and processes one request at a time.
"""

from __future__ import annotations

import logging
import multiprocessing.connection
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from threading import Event, Lock, Thread
from typing import NoReturn

from app import metrics
from app.domain.errors.base import AppError, Problem
from app.domain.errors.inference import InferenceCrashed, InferenceHung, InferenceUnavailable, OutOfMemory
from app.engine import EngineSpec, Utterance
from app.engine.process.messages import (
    ClearCache,
    Cleared,
    HearVoices,
    Ready,
    Refused,
    Transcribe,
    Transcribed,
    VoicesHeard,
)
from app.logging import event
from app.services.inference.answers import log_differences, raise_if_failed, shortage_in
from app.services.inference.child import Child
from app.services.inference.fair_lock import FairLock
from app.services.inference.role import Demand
from app.services.inference.status import InferenceStatus, Recognition, Stopped

__all__ = ["InferenceProcess", "InferenceStatus", "Recognition", "Stopped"]

LOAD_SECONDS = 600.0  # a large model from a slow disk, with a first CUDA initialisation
CLEAR_SECONDS = 60.0
STARTS_IN_A_ROW = 3  # crashes while loading before the caller gets an error
FIRST_PAUSE_SECONDS = 0.5  # before the second start in a row; doubled each time
LONGEST_PAUSE_SECONDS = 30.0
TRIES_ALONE = 2  # one crash may be chance; two on the same segment are not

_log = logging.getLogger(__name__)


class InferenceProcess:
    """The one process that owns the device, a pool with one place. Every method may be called from any thread."""

    places = 1
    kept_places = 0
    tries_alone = TRIES_ALONE
    waits_for: Problem | None = None

    def __init__(self, spec: EngineSpec, *, load_seconds: float = LOAD_SECONDS) -> None:
        self._spec = spec
        self._load_seconds = load_seconds
        self._turns = FairLock()
        self._ids = count(1)
        self._stopping = Event()
        self._child: Child | None = None
        self._exits_in_a_row = 0
        self._used_at = time.monotonic()
        self._status = InferenceStatus()
        self._status_lock = Lock()

    def serve(self, demand: Demand) -> None:
        """See BatchPool.serve; there is always one place."""

    def start(self) -> None:
        """Load the engine in the background."""
        self._stopping.clear()
        Thread(target=self._load, name="inference-loader", daemon=True).start()

    load = start

    def load_now(self) -> None:
        """Load the engine and wait for it.

        Raises:
            InferenceUnavailable: it cannot be loaded.
        """
        with self._turns.taken():
            self._ready_child()

    def stop(self) -> None:
        """Kill the process immediately; a running request is abandoned (its caller gets Stopped)."""
        self._stopping.set()
        if (child := self._child) is not None:
            child.kill()
        with self._turns.taken():
            self._release()

    def unload(self) -> None:
        """End the process after its current request, which frees all its memory; the next request reloads it."""
        with self._turns.taken():
            if self._child is not None:
                self._child.end()
                event(_log, logging.INFO, "inference_unloaded", pid=self._child.pid)
            self._release()

    def clear_cache(self) -> int | None:
        """Release the device's cached memory after the current request; None if nothing is loaded.

        Raises:
            InferenceCrashed, InferenceHung: this killed the process; a new one is starting.
        """
        with self._turns.taken():
            if self._child is None:
                return None
            try:
                answer = self._child.ask(ClearCache(), CLEAR_SECONDS)
            except (InferenceCrashed, InferenceHung) as exit_error:
                self._handle_exit(exit_error)
                raise
        return answer.freed_bytes if isinstance(answer, Cleared) else 0

    def unload_if_idle(self, seconds: float) -> bool:
        """Unload if there was no request for this long; return whether it was unloaded."""
        if self._child is None or time.monotonic() - self._used_at < seconds:  # checked first without the lock
            return False
        with self._turns.taken():
            child = self._child
            if child is None or time.monotonic() - self._used_at < seconds:
                return False
            child.end()
            event(_log, logging.INFO, "inference_idle", pid=child.pid, seconds=round(seconds))
            self._release()
        return True

    @property
    def spec(self) -> EngineSpec:
        """What is loaded, or will be on the next request."""
        return self._spec

    def use(self, spec: EngineSpec) -> None:
        """Load another engine after the current request. The old one is unloaded first: memory may not hold both.

        Raises:
            InferenceUnavailable: it cannot be loaded; the old one is restored.
            Stopped: `stop` was called.
        """
        with self._turns.taken():
            if self._child is not None:
                self._child.end()
            self._release()
            old, self._spec = self._spec, spec
            try:
                self._ready_child()
            except InferenceUnavailable:
                self._spec = old
                self._release()
                Thread(target=self._load, name="inference-loader", daemon=True).start()
                raise

    def status(self) -> InferenceStatus:
        child = self._child
        return replace(self._status, rss_bytes=child.rss_bytes() if child else None)

    def peak_bytes(self) -> int | None:
        """Return the peak memory of the process; None if there is none."""
        child = self._child
        return child.peak_bytes() if child else None

    @property
    def batch_seconds(self) -> float:
        """Preferred batch size of the loaded engine in padded seconds; 0 if nothing is loaded or it does not batch."""
        info = self._status.info
        return info.batch_seconds if info else 0.0

    def transcribe(self, utterances: Sequence[Utterance], timeout_seconds: float) -> Recognition:
        """Return one hypothesis per utterance. Requests are served in order.

        A process that has worked before and runs out of memory is replaced once, and asked again.

        Raises:
            InferenceCrashed, InferenceHung: this request killed the process; a new one is starting.
            InferenceUnavailable: the engine cannot be loaded.
            Stopped: `stop` was called.
            AppError: raised by the engine, for example OutOfMemory; the process survives.
        """
        with self._turns.taken():
            child = self._ready_child()
            request = Transcribe(next(self._ids), tuple(utterances))
            answer = self._asked(child, request, timeout_seconds)
            if child.has_answered and (shortage := shortage_in(answer)):
                answer = self._asked(self._renewed_child(shortage), request, timeout_seconds)
            self._note_answered()
            return self._recognition(answer)

    def hear(self, request: HearVoices, timeout_seconds: float) -> VoicesHeard:
        """Ask the model of speakers.

        Raises:
            InferenceCrashed, InferenceHung, InferenceUnavailable, Stopped, AppError: see `transcribe`.
        """
        with self._turns.taken():
            answer = self._asked(self._ready_child(), request, timeout_seconds)
            self._note_answered()
        raise_if_failed(answer)
        assert isinstance(answer, VoicesHeard)  # noqa: S101 - the only other answer to HearVoices
        return answer

    def _note_answered(self) -> None:
        self._update_status(state="ready")
        self._exits_in_a_row = 0
        self._used_at = time.monotonic()

    def _asked(self, child: Child, request: Transcribe | HearVoices, timeout_seconds: float) -> object:
        self._update_status(state="busy")
        try:
            answer = child.ask(request, timeout_seconds)
        except (InferenceCrashed, InferenceHung) as exit_error:
            self._handle_exit(exit_error)
            raise
        child.has_answered |= isinstance(answer, Transcribed)
        return answer

    def _recognition(self, answer: object) -> Recognition:
        raise_if_failed(answer)
        assert isinstance(answer, Transcribed)  # noqa: S101 - the only other answer to Transcribe
        info = self._status.info
        assert info is not None  # noqa: S101 - a ready child has reported it
        receipts = tuple(info.receipt + receipt for receipt in answer.receipts)
        return Recognition(answer.hypotheses, receipts, info)

    # Starting; under the lock

    def _load(self) -> None:
        try:
            with suppress(Stopped), self._turns.taken():
                self._ready_child()
        except InferenceUnavailable:
            event(_log, logging.ERROR, "inference_unavailable", exc_info=True)

    def _ready_child(self) -> Child:
        """Return the running child, or start one; a crashed start is retried after a pause."""
        if self._child is not None and not self._child.is_alive():
            self._handle_exit(self._child.exit_error())
        starts = 0
        while self._child is None:
            self._pause()
            starts += 1
            try:
                self._child = self._start_child()
            except (InferenceCrashed, InferenceHung) as exit_error:
                self._count_exit(exit_error)
                if starts == STARTS_IN_A_ROW:
                    self._refuse(InferenceUnavailable(reason=exit_error.problem.to_dict()), exit_error)
        return self._child

    def _pause(self) -> None:
        """Back off with each consecutive crash; the first restart is immediate."""
        seconds = 0.0
        if self._exits_in_a_row > 1:
            seconds = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (self._exits_in_a_row - 2))
        if self._stopping.wait(seconds):
            raise Stopped

    def _start_child(self) -> Child:
        self._update_status(state="loading", info=None, problem=None)
        try:
            child = Child(self._spec)
        except OSError as error:  # out of memory or processes
            self._refuse(InferenceUnavailable(reason=str(error)), error)
        event(_log, logging.INFO, "inference_started", pid=child.pid)
        metrics.inference_starts.inc()
        self._child = child  # so that `stop` can kill it while it loads
        if self._stopping.is_set():  # `stop` was called before it could see the child
            child.kill()
        try:
            answer = child.first_answer(self._load_seconds)
        except (InferenceCrashed, InferenceHung):
            self._clean_up()
            raise
        return self._welcome(child, answer)

    def _welcome(self, child: Child, answer: object) -> Child:
        if isinstance(answer, Refused):
            self._clean_up()
            answer.error.add_note(answer.traceback)
            self._refuse(answer.error, answer.error)
        assert isinstance(answer, Ready)  # noqa: S101 - the only other first answer
        seconds = round(answer.info.load_seconds, 2)
        event(_log, logging.INFO, "inference_ready", pid=child.pid, device=answer.info.device, seconds=seconds)
        log_differences(answer.info)
        self._used_at = time.monotonic()
        self._update_status(state="ready", info=answer.info)
        Thread(target=self._watch, args=(child,), name="inference-watch", daemon=True).start()
        return child

    def _refuse(self, error: AppError, cause: BaseException) -> NoReturn:
        self._update_status(state="failed", info=None, problem=error.problem)
        if isinstance(error, InferenceUnavailable):
            raise error from cause
        raise InferenceUnavailable(reason=error.problem.to_dict()) from cause

    # Exits

    def _watch(self, child: Child) -> None:
        """Detect the exit of an idle child; a crash during a request is detected by its caller."""
        multiprocessing.connection.wait([child.sentinel])
        with suppress(Stopped), self._turns.taken():
            if self._child is child:
                self._handle_exit(child.exit_error())

    def _handle_exit(self, exit_error: InferenceCrashed | InferenceHung) -> None:
        """Clean up after a dead child and load the next one, behind callers that already wait."""
        self._clean_up()
        self._count_exit(exit_error)
        self._update_status(state="loading", info=None)
        Thread(target=self._load, name="inference-loader", daemon=True).start()

    def _renewed_child(self, shortage: OutOfMemory) -> Child:
        """Replace a process that has run out of memory: what it holds in caches and fragments comes free with it."""
        event(_log, logging.WARNING, "inference_renewed", reason=shortage)
        if self._child is not None:
            self._child.end()
        self._clean_up()
        self._update_status(restarts=self._status.restarts + 1, last_restart_reason=shortage.problem)
        return self._ready_child()

    def _count_exit(self, exit_error: InferenceCrashed | InferenceHung) -> None:
        if self._stopping.is_set():
            raise Stopped from exit_error
        self._exits_in_a_row += 1
        self._update_status(restarts=self._status.restarts + 1, last_restart_reason=exit_error.problem)
        event(_log, logging.ERROR, "inference_died", reason=exit_error)
        metrics.inference_exits.inc()

    def _clean_up(self) -> None:
        if self._child is not None:
            self._child.clean_up()
            self._child = None

    def _release(self) -> None:
        self._clean_up()
        self._exits_in_a_row = 0
        self._update_status(state="stopped", info=None, problem=None)

    def _update_status(self, **changes: object) -> None:
        with self._status_lock:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]
