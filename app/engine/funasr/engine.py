"""A FunASR model as an Engine: guards against unsuitable input, runs the network, and writes the text.

It knows neither folders nor the differences between networks (their family).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np
import torch

from app.domain.errors.base import AppError
from app.domain.errors.inference import InferenceFailed
from app.domain.languages import AUTO
from app.domain.options import RecognitionOptions
from app.domain.transcript import Applied
from app.engine import SAMPLE_RATE, EngineInfo, EngineSpec, Hypothesis, Utterance, Waveform
from app.engine.catalog.known_models import Role
from app.engine.catalog.registry import architecture_for
from app.engine.computing.batching import Batcher
from app.engine.computing.device import (
    bound_shape_caches,
    memory_errors_named,
    use_threads,
)
from app.engine.computing.memory_budget import MemoryBudget, choose_budget
from app.engine.funasr.family import Placed, Reading
from app.engine.funasr.nano import place_nano
from app.engine.funasr.paraformer import place_paraformer
from app.engine.funasr.receipts import option_lines
from app.engine.funasr.sensevoice import place_sensevoice
from app.engine.punctuator import punctuator_of
from app.engine.text.punctuation import Punctuator
from app.engine.text.writing import write

SHORTEST_SECONDS = 0.1  # shorter than any word
SILENT_PEAK = 3e-4  # -70 dBFS, ten steps of 16 bits: below it these networks hallucinate
EMPTY = Hypothesis(text="", text_raw="", confidence=None)


FAMILIES: Mapping[str, Callable[[EngineSpec], Placed]] = {
    "SenseVoiceSmall": place_sensevoice,
    "Paraformer": place_paraformer,
    "BiCifParaformer": place_paraformer,
    "SeacoParaformer": place_paraformer,
    "FunASRNano": place_nano,
}


def load_funasr_engine(spec: EngineSpec) -> FunASREngine:
    """See app.engine.funasr.load_engine."""
    started = time.perf_counter()
    bound_shape_caches()
    use_threads(spec.threads)
    folder = spec.model_dir.absolute()  # a name such as "ct-punc" would be taken for one of the hub's
    placed = FAMILIES[architecture_for(folder, Role.RECOGNITION)](replace(spec, model_dir=folder))
    punctuator = punctuator_of(spec.punctuation_model)
    return FunASREngine(folder, placed, punctuator, spec.batch_seconds, started)


class FunASREngine:
    """An Engine over one network on one device."""

    def __init__(
        self, folder: Path, placed: Placed, punctuator: Punctuator, batch_seconds: float, started: float
    ) -> None:
        self._family = family = placed.family
        self._punctuator = punctuator
        self._lock = Lock()
        budget = self._budget(batch_seconds, placed)
        self._batcher = Batcher(self._recognise, budget, placed.device)
        self.info = EngineInfo(
            model=folder.resolve().name,
            device=str(placed.device),
            dtype=placed.dtype,
            languages=tuple(code for code in family.languages if code != "auto"),
            parameters=placed.parameters,
            load_seconds=time.perf_counter() - started,
            versions=placed.versions,
            receipt=(*placed.receipt, budget.line()),
            batch_seconds=budget.seconds,
        )

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return one hypothesis per utterance, in order; see Engine."""
        heard = [index for index, utterance in enumerate(utterances) if is_audible(utterance.waveform)]
        with self._lock:
            found = self._batcher.transcribe([utterances[index] for index in heard])
        hypotheses = dict(zip(heard, found, strict=True))
        return [hypotheses.get(index, EMPTY) for index in range(len(utterances))]

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        """Return how each option was applied."""
        return option_lines(options, self._family, self._punctuator.name)

    # Batches

    def _budget(self, asked: float, placed: Placed) -> MemoryBudget:
        if not self._family.can_batch:
            return MemoryBudget(0.0, f"{asked:g} s" if asked else "auto")
        return choose_budget(asked, placed.device, placed.parameters, self._recognise_noise)

    def _recognise_noise(self, seconds: float) -> None:
        noise = torch.rand(round(seconds * SAMPLE_RATE)).sub(0.5).numpy()
        self._recognise([Utterance(noise, RecognitionOptions())])

    def _recognise(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Recognise one batch, grouped by options; the caller handles out-of-memory errors."""
        rows: dict[RecognitionOptions, list[int]] = {}
        for row, utterance in enumerate(utterances):
            rows.setdefault(utterance.options, []).append(row)
        found: dict[int, Reading] = {}
        for alike in rows.values():
            found.update(zip(alike, self._read([utterances[row] for row in alike]), strict=True))
        return [self._write(found[row], utterance) for row, utterance in enumerate(utterances)]

    def _read(self, utterances: Sequence[Utterance]) -> list[Reading]:
        waveforms = [utterance.waveform for utterance in utterances]
        try:
            with torch.inference_mode(), memory_errors_named():
                return self._family.read(waveforms, utterances[0].options)
        except AppError:
            raise
        except Exception as error:  # whatever a network stumbles over
            detail = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            raise InferenceFailed(detail=detail) from error

    # Text

    def _write(self, reading: Reading, utterance: Utterance) -> Hypothesis:
        """Write the text; the output of a network with its own numbers and punctuation is kept."""
        if reading.dropped:
            hypothesis = Hypothesis("", "", reading.confidence, reading.dropped)
        elif reading.is_written or not reading.words:
            hypothesis = Hypothesis(reading.text, reading.text, reading.confidence, words=reading.words)
        else:
            hypothesis = self._as_people_write(reading, utterance)
        return replace(
            hypothesis,
            words=hypothesis.words if "times" in self._family.abilities else (),
            applied=reading.facts,
            emotion=reading.emotion,
            events=reading.events,
            language=reading.language if utterance.options.language == AUTO else "",
        )

    def _as_people_write(self, reading: Reading, utterance: Utterance) -> Hypothesis:
        options = utterance.options
        punctuator = self._punctuator if options.punctuation else None
        written = write(reading.words, utterance.seconds, itn=options.itn, punctuation=punctuator)
        return Hypothesis(written.text, written.text_raw, reading.confidence, words=written.words)


def is_audible(waveform: Waveform) -> bool:
    """Return whether the audio could contain a word."""
    return len(waveform) >= SHORTEST_SECONDS * SAMPLE_RATE and bool(np.abs(waveform).max() > SILENT_PEAK)
