"""Reads stretches of a finished recording once more with other options, for somebody who waits. Nothing is stored."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.domain.errors.base import N_
from app.domain.errors.inference import EngineCallsFull
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import RecognitionElsewhere
from app.domain.options import RecognitionOptions, TranscriptionOptions
from app.engine import Utterance
from app.engine.audio.decoding import read_waveform
from app.services.inference.dedicated import DedicatedEngines
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.segment_queue import PARTIAL
from app.services.transcriptions.heard_audio import HeardAudio

MOST_STRETCHES = 60
LONGEST_SECONDS = 60.0  # of one stretch: no model reads more at once
MOST_SECONDS = 300.0  # of all stretches: a person waits
LOOK_SECONDS = 0.5  # between checks for the end of the server


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a recording."""

    start: float
    """Seconds from the beginning."""
    end: float
    channel: int | None = None
    """Counted from 1; None for the mix."""


@dataclass(frozen=True, slots=True)
class Reread:
    """What was heard in a stretch this time."""

    text: str
    text_raw: str
    confidence: float | None


class Recognising(Protocol):
    """The part of a worker that reads."""

    @property
    def scheduler(self) -> InferenceScheduler: ...

    @property
    def bench(self) -> DedicatedEngines: ...


class Rereader:
    """Reads stretches again. Every method may be called from any thread."""

    def __init__(self, heard: HeardAudio, worker: Recognising | None, model_in_use: Callable[[], str | None]) -> None:
        self._heard = heard
        self._worker = worker
        self._model_in_use = model_in_use

    def read(self, id: str, stretches: Sequence[Stretch], options: TranscriptionOptions) -> list[Reread]:
        """Return the text of each stretch, in their order.

        Raises:
            InvalidParameter: a stretch is too long, or not in the recording.
            RecognitionElsewhere: recognition does not run in this process.
            EngineCallsFull: another model is loaded for somebody else already.
            TranscriptionNotFound, NotFinished, AudioGone, ModelError, InferenceError
        """
        if self._worker is None:
            raise RecognitionElsewhere
        _check(stretches)
        samples = self._heard.samples(id)
        utterances = [_utterance(samples, each, options.recognition) for each in stretches]
        if options.model in ("", self._model_in_use()):
            return self._recognised(self._worker.scheduler, utterances)
        bench = self._worker.bench
        with bench.place() as place:
            if not place.is_mine:
                raise EngineCallsFull
            with bench.engine(options.model, lambda: self._heard.is_stopping) as engine:
                return self._recognised(engine.scheduler, utterances)

    def _recognised(self, scheduler: InferenceScheduler, utterances: Sequence[Utterance]) -> list[Reread]:
        found: dict[int, Reread] = {}
        with scheduler.queue(f"again-{secrets.token_hex(4)}", PARTIAL) as queue:
            for index, utterance in enumerate(utterances):
                queue.submit(index, utterance)
            while len(found) < len(utterances):
                if self._heard.is_stopping:
                    raise EngineCallsFull
                if request := queue.next_result(LOOK_SECONDS):
                    heard = request.recognised().hypothesis
                    found[request.index] = Reread(heard.text, heard.text_raw, heard.confidence)
        return [found[index] for index in range(len(utterances))]


def _check(stretches: Sequence[Stretch]) -> None:
    lengths = [each.end - each.start for each in stretches]
    _require(0 < len(stretches) <= MOST_STRETCHES, N_("there must be 1 to 60"))
    _require(all(0 < length <= LONGEST_SECONDS for length in lengths), N_("each must last at most 60 seconds"))
    _require(sum(lengths) <= MOST_SECONDS, N_("together they last more than 300 seconds"))


def _utterance(samples: Sequence[Path], stretch: Stretch, options: RecognitionOptions) -> Utterance:
    channel = stretch.channel or 1
    _require(channel <= len(samples), N_("there is no such channel"))
    waveform = read_waveform(samples[channel - 1], stretch.start, stretch.end)
    _require(len(waveform) > 0, N_("it lies behind the end of the recording"))
    return Utterance(waveform, options)


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise InvalidParameter(name="stretches", reason=reason)
