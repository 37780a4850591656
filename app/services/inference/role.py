"""What recognises batches of segments: the one process of this machine, or the actors of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.domain.errors.base import Problem
from app.engine import EngineSpec, Utterance
from app.engine.process.messages import HearVoices, VoicesHeard
from app.services.inference.status import InferenceStatus, Recognition


class Demand(Protocol):
    """What a pool may ask of the scheduler that it serves."""

    @property
    def waiting(self) -> int:
        """How many segments wait for a free place."""
        ...

    def places_changed(self) -> None:
        """Look again whether something can be sent."""
        ...


class BatchPool(Protocol):
    """The part of inference that the scheduler uses. Every method may be called from any thread."""

    def serve(self, demand: Demand) -> None:
        """Tell `demand` from now on when there are more places."""
        ...

    @property
    def places(self) -> int:
        """How many batches can be computed at once; it changes as actors come and go.

        None while work has to wait, for example for nodes; at least one where a batch would be computed or refused.
        """
        ...

    @property
    def kept_places(self) -> int:
        """How many of them recordings leave free for live speech."""
        ...

    @property
    def tries_alone(self) -> int:
        """How many crashes of a segment on its own are not chance any more."""
        ...

    @property
    def batch_seconds(self) -> float:
        """Preferred batch size of the loaded engine in padded seconds; 0 if nothing is loaded or it does not batch."""
        ...

    @property
    def waits_for(self) -> Problem | None:
        """Why nothing can be computed at present, where work waits for something outside; None otherwise."""
        ...

    def transcribe(self, utterances: Sequence[Utterance], timeout_seconds: float) -> Recognition:
        """Return one hypothesis per utterance.

        Raises:
            InferenceCrashed, InferenceHung: this request killed what computed it, or what computed it was lost.
            InferenceUnavailable: the engine cannot be loaded.
            Stopped: `stop` was called.
            AppError: raised by the engine, for example OutOfMemory.
        """
        ...


class Inference(BatchPool, Protocol):
    """Everything that the server asks of its inference; InferenceProcess says what each method promises."""

    @property
    def spec(self) -> EngineSpec: ...

    def start(self) -> None: ...

    def load(self) -> None: ...

    def load_now(self) -> None: ...

    def stop(self) -> None: ...

    def unload(self) -> None: ...

    def unload_if_idle(self, seconds: float) -> bool: ...

    def clear_cache(self) -> int | None: ...

    def use(self, spec: EngineSpec) -> None: ...

    def status(self) -> InferenceStatus: ...

    def peak_bytes(self) -> int | None: ...

    def hear(self, request: HearVoices, timeout_seconds: float) -> VoicesHeard: ...
