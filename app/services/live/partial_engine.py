"""A second inference process for partial texts, used if the active model is too slow for them.

Whisper decodes token by token: a second of computing for a few seconds of audio. The small built-in model takes
milliseconds. So the text of an open segment comes from the small model, and the stored text from the active one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

from app.domain.options import TranscriptionOptions
from app.engine import EngineSpec
from app.services.inference.process import InferenceProcess
from app.services.inference.scheduler import InferenceScheduler

IDLE_SECONDS = 300.0  # without speech, after which the process ends
LOOK_SECONDS = 30.0
FAREWELL_SECONDS = 5.0


class PartialEngine:
    """The process starts with the first session that needs it."""

    def __init__(
        self,
        spec: EngineSpec,
        is_wanted: Callable[[TranscriptionOptions], bool],
        timeout_seconds: float,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Use the engine of `spec` for the options that `is_wanted` accepts; an idle process ends."""
        self._is_wanted = is_wanted
        self._inference = InferenceProcess(spec)
        self._scheduler = InferenceScheduler(self._inference, timeout_seconds)
        self._idle_seconds = idle_seconds
        self._threads: list[Thread] = []
        self._beginning = Lock()
        self._stopping = Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Allow the process to run during the block."""
        try:
            yield
        finally:
            self._stopping.set()
            self._scheduler.stop()
            self._inference.stop()
            for thread in self._threads:
                thread.join(FAREWELL_SECONDS)

    def scheduler_for(self, options: TranscriptionOptions) -> InferenceScheduler | None:
        """Return the scheduler for open segments with these options; None if the active model is fast enough."""
        if not self._is_wanted(options):
            return None
        with self._beginning:
            if not self._threads:
                self._inference.start()
                self._threads = [
                    Thread(target=self._scheduler.run, name="quick-batches", daemon=True),
                    Thread(target=self._unload_when_idle, name="quick-idle", daemon=True),
                ]
                for thread in self._threads:
                    thread.start()
        return self._scheduler

    def _unload_when_idle(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self._inference.unload_if_idle(self._idle_seconds)
