"""Recognises audio the way jobs do: same process, same batching, same retry after a crash."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

from app.domain.errors.base import AppError
from app.domain.errors.inference import InferenceUnavailable
from app.domain.options import RecognitionOptions
from app.domain.transcript import Applied, Word, merge_receipts
from app.engine import EngineInfo, EngineSpec, Utterance
from app.services.inference.process import InferenceProcess
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.segment_queue import SegmentQueue, SegmentRequest
from app.support.replay.recorded import CaseSound, RecordedSegment

LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Heard:
    """The new result of one segment."""

    index: int
    text: str = ""
    text_raw: str = ""
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    """With times from the start of the recording."""
    dropped: str = ""
    error: AppError | None = None
    receipt: tuple[Applied, ...] = ()

    @property
    def code(self) -> str | None:
        return self.error.code if self.error else None


class Rerun:
    """One engine in a child process, shared by cases."""

    def __init__(self, spec: EngineSpec, timeout_seconds: float) -> None:
        self._inference = InferenceProcess(spec)
        self._scheduler = InferenceScheduler(self._inference, timeout_seconds)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = Thread(target=self._scheduler.run, name="batches", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._scheduler.stop()
            self._inference.stop()
            thread.join()

    @property
    def inference(self) -> InferenceProcess:
        return self._inference

    def load(self) -> EngineInfo:
        """Load the engine, and return what was loaded.

        Raises:
            InferenceUnavailable: it cannot be loaded, with the reason.
        """
        self._inference.load_now()
        info = self._inference.status().info
        if info is None:  # it crashed between the two calls
            raise InferenceUnavailable(reason="-")
        return info

    def recognise(
        self, sound: CaseSound, segments: Sequence[RecordedSegment], options: RecognitionOptions
    ) -> list[Heard]:
        """Recognise the segments; each has a text or an error.

        Raises:
            InferenceUnavailable: the engine cannot be restarted after a crash.
        """
        pending = deque(segments)
        starts = {segment.index: segment.start for segment in segments}
        heard: dict[int, Heard] = {}
        with self._scheduler.queue("replay") as queue:
            while pending or not queue.is_empty:
                while pending and queue.has_room:
                    _submit(queue, sound, pending.popleft(), options)
                if request := queue.next_result(LOOK_SECONDS):
                    heard[request.index] = _heard(request, starts[request.index])
        return [heard[segment.index] for segment in segments]


def _submit(queue: SegmentQueue, sound: CaseSound, segment: RecordedSegment, options: RecognitionOptions) -> None:
    queue.submit(segment.index, Utterance(sound.waveform(segment.start, segment.end, segment.channel), options))


def _heard(request: SegmentRequest, start: float) -> Heard:
    try:
        recognised = request.recognised()
    except InferenceUnavailable:
        raise
    except AppError as error:
        return Heard(request.index, error=error)
    found = recognised.hypothesis
    return Heard(
        request.index,
        found.text,
        found.text_raw,
        found.confidence,
        tuple(word.later(start) for word in found.words),
        found.dropped,
        receipt=merge_receipts(recognised.receipt, found.applied),
    )
