"""A dedicated model for a job that names one, beside the active model: loaded, measured and unloaded with the job.

On one machine there is one slot. While it is taken, jobs that name a model wait in the queue and all others continue,
so at most two models are in memory. A cluster has room for more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import BoundedSemaphore, Thread

from app.domain.errors.base import Problem
from app.domain.errors.models import ModelUnknown
from app.engine import EngineSpec
from app.engine.preparation.preparation import Cancelled
from app.services.inference.process import InferenceProcess
from app.services.inference.role import Inference
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.status import Stopped

LOOK_SECONDS = 0.5  # between checks for cancellation while the model loads


@dataclass(frozen=True, slots=True)
class DedicatedEngine:
    """A model loaded for one job."""

    scheduler: InferenceScheduler
    inference: Inference

    def peak_bytes(self) -> int | None:
        """Return the peak memory of its process so far, GPU memory excluded."""
        return self.inference.peak_bytes()


class DedicatedEngines:
    """The slots for other models."""

    def __init__(
        self,
        spec_of: Callable[[str], EngineSpec],
        timeout_seconds: float,
        inference_of: Callable[[EngineSpec], Inference] = InferenceProcess,
        slots: int = 1,
    ) -> None:
        self._spec_of = spec_of
        self._timeout_seconds = timeout_seconds
        self._inference_of = inference_of
        self._slots = BoundedSemaphore(slots)

    @contextmanager
    def place(self) -> Iterator[EngineSlot]:
        """Take a slot, if one is free, for the block."""
        place = EngineSlot(self._slots, is_mine=self._slots.acquire(blocking=False))
        try:
            yield place
        finally:
            place.release()

    @contextmanager
    def engine(
        self,
        model: str,
        is_unwanted: Callable[[], bool],
        note_wait: Callable[[Problem | None], None] = lambda _: None,
    ) -> Iterator[DedicatedEngine]:
        """Load a model for the block, and tell `note_wait` again and again what that waits for. The caller must hold a slot.

        Raises:
            ModelError: it is not installed, or not a recognition model.
            InferenceUnavailable: it cannot be loaded, with the reason.
            Cancelled: `is_unwanted` became true during loading.
        """
        inference = self._inference_of(self._spec_of(model))
        scheduler = InferenceScheduler(inference, self._timeout_seconds)
        sender = Thread(target=scheduler.run, name="bench", daemon=True)
        sender.start()
        try:
            _load(inference, is_unwanted, note_wait)
            yield DedicatedEngine(scheduler, inference)
        finally:
            scheduler.stop()
            inference.stop()
            sender.join()


class EngineSlot:
    """A slot as one thread sees it."""

    def __init__(self, slots: BoundedSemaphore, *, is_mine: bool) -> None:
        self._slots = slots
        self.is_mine = is_mine

    def release(self) -> None:
        """Free the slot."""
        if self.is_mine:
            self.is_mine = False
            self._slots.release()


def no_other_models(name: str) -> EngineSpec:
    """Refuse every name: for a worker with a single model."""
    raise ModelUnknown(name=name, known="-")


def _load(inference: Inference, is_unwanted: Callable[[], bool], note_wait: Callable[[Problem | None], None]) -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="bench-loader") as pool:
        loading = pool.submit(inference.load_now)
        while not wait([loading], LOOK_SECONDS).done:
            if is_unwanted():
                inference.stop()
                with suppress(Stopped):
                    loading.result()
                raise Cancelled
            note_wait(inference.waits_for)
        loading.result()
