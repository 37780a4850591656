"""Texts of intervals of an analysed recording, requested one by one or all together, through the job scheduler."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from threading import Event, Lock, Thread
from typing import Any, Literal, TypeAlias

from app.domain.errors.base import AppError, Problem
from app.domain.errors.transcriptions import RecognitionElsewhere
from app.domain.options import RecognitionOptions
from app.domain.speech import SpeechSpan
from app.engine import Utterance
from app.engine.audio.decoding import read_waveform
from app.logging import event
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.segment_queue import SegmentQueue, SegmentRequest
from app.services.vad.analyses import VadAnalyses

REMEMBERED = 64  # analyses whose texts are in memory
LOOK_SECONDS = 0.5  # between checks for more work

_log = logging.getLogger(__name__)

Stretch: TypeAlias = tuple[int, int]
"""Start and end in milliseconds: identifies a text, whichever options found the interval."""


@dataclass(frozen=True, slots=True)
class StretchText:
    """Outcome for one interval."""

    state: Literal["waiting", "done", "failed"]
    text: str = ""
    text_raw: str = ""
    confidence: float | None = None
    dropped: str = ""
    """Why text was withheld; empty otherwise."""
    error: Problem | None = None


def stretch_of(span: SpeechSpan) -> Stretch:
    return round(span.start * 1000), round(span.end * 1000)


class VadTranscriber:
    """The texts of all analyses. Every method may be called from any thread."""

    def __init__(self, vad: VadAnalyses, scheduler: InferenceScheduler | None) -> None:
        self._vad = vad
        self._scheduler = scheduler
        self._lock = Lock()
        self._stopping = Event()
        self._known: dict[str, dict[Stretch, StretchText]] = {}
        self._waiting: dict[str, deque[Stretch]] = {}  # for the analyses in progress

    @contextmanager
    def running(self) -> Iterator[None]:
        """Recognise during the block; pending intervals are dropped at its end."""
        try:
            yield
        finally:
            self._stopping.set()

    def ask(self, id: str, stretches: Iterable[Stretch], options: RecognitionOptions) -> int:
        """Request recognition of the intervals without text; return their number.

        Raises:
            AnalysisNotFound
            RecognitionElsewhere: recognition does not run in this process.
        """
        if self._scheduler is None:
            raise RecognitionElsewhere
        self._vad.get(id)
        known = self.of(id)
        with self._lock:
            wanted = [each for each in dict.fromkeys(stretches) if _is_open(known.get(each))]
            self._known[id].update((each, StretchText("waiting")) for each in wanted)
            is_at_work = id in self._waiting
            self._waiting.setdefault(id, deque()).extend(wanted)
        if wanted and not is_at_work:
            Thread(target=self._work, args=(id, options, self._scheduler), name=f"vad-{id}", daemon=True).start()
        return len(wanted)

    def cancel(self, id: str) -> None:
        """Cancel what has not started."""
        with self._lock:
            waiting = self._waiting.get(id, deque())
            for stretch in waiting:
                self._known[id].pop(stretch, None)
            waiting.clear()

    def of(self, id: str) -> dict[Stretch, StretchText]:
        """Return the texts of an analysis so far."""
        with self._lock:
            if id not in self._known:
                self._forget_some()
                self._known[id] = {(row["start"], row["end"]): _read(row) for row in self._vad.analyses.texts(id)}
            return dict(self._known[id])

    def _forget_some(self) -> None:
        """Drop idle ones from memory; they remain on disk."""
        for id in [id for id in self._known if id not in self._waiting][:-REMEMBERED]:
            del self._known[id]

    def _work(self, id: str, options: RecognitionOptions, scheduler: InferenceScheduler) -> None:
        with scheduler.queue(f"vad-{id}") as queue:
            taken: list[Stretch] = []
            while not self._stopping.is_set():
                while queue.has_room and (stretch := self._next(id)) is not None:
                    self._submit(id, queue, stretch, len(taken), options)
                    taken.append(stretch)
                if queue.is_empty and self._is_over(id):
                    return
                if request := queue.next_result(LOOK_SECONDS):
                    self._keep(id, taken[request.index], _told(request))

    def _next(self, id: str) -> Stretch | None:
        with self._lock:
            waiting = self._waiting[id]
            return waiting.popleft() if waiting else None

    def _is_over(self, id: str) -> bool:
        with self._lock:
            if self._waiting[id]:
                return False
            del self._waiting[id]
            return True

    def _submit(self, id: str, queue: SegmentQueue, stretch: Stretch, index: int, options: RecognitionOptions) -> None:
        start, end = (milliseconds / 1000 for milliseconds in stretch)
        try:
            waveform = read_waveform(self._vad.analyses.audio(id), start, end)
        except FileNotFoundError:  # removed meanwhile
            self._keep(id, stretch, StretchText("failed", error=AppError().problem))
        else:
            queue.submit(index, Utterance(waveform, options))

    def _keep(self, id: str, stretch: Stretch, text: StretchText) -> None:
        with self._lock:
            self._known[id][stretch] = text
        stored = asdict(text) | {"error": text.error.to_dict() if text.error else None}
        try:
            self._vad.analyses.add_text(id, {"start": stretch[0], "end": stretch[1], **stored})
        except OSError:  # removed meanwhile, or the disk is full: the text is shown anyway
            event(_log, logging.WARNING, "vad_text_not_kept", id=id, exc_info=True)


def _is_open(text: StretchText | None) -> bool:
    return text is None or text.state == "failed"


def _told(request: SegmentRequest) -> StretchText:
    try:
        heard = request.recognised().hypothesis
    except AppError as error:
        return StretchText("failed", error=error.problem)
    except Exception:  # noqa: BLE001 - any error fails this interval only
        event(_log, logging.ERROR, "vad_text_failed", exc_info=True)
        return StretchText("failed", error=AppError().problem)
    return StretchText("done", heard.text, heard.text_raw, heard.confidence, heard.dropped)


def _read(row: dict[str, Any]) -> StretchText:
    error = Problem.from_dict(row["error"]) if row["error"] else None
    fields = {name: row[name] for name in ("state", "text", "text_raw", "confidence", "dropped")}
    return replace(StretchText(**fields), error=error)
