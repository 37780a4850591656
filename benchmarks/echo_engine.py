"""A stand-in for a model, for benchmarks of everything around it: slow, deterministic, and without weights."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from app.domain.options import RecognitionOptions
from app.domain.transcript import Applied
from app.engine import EngineInfo, EngineSpec, Hypothesis, Utterance, Waveform

SECONDS_PER_SEGMENT = 0.2


class EchoEngine:
    """Says how loud each waveform is."""

    def __init__(self, seconds_per_segment: float = SECONDS_PER_SEGMENT) -> None:
        self._seconds = seconds_per_segment

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("echo", "cpu", "float32", ("zh", "en"), 0, 0.0, (), (), batch_seconds=8.0)

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        return [self._hear(utterance.waveform) for utterance in utterances]

    def receipt(self, _options: RecognitionOptions) -> tuple[Applied, ...]:
        return ()

    def _hear(self, waveform: Waveform) -> Hypothesis:
        time.sleep(self._seconds)
        text = f"level {np.abs(waveform).max():.2f}"
        return Hypothesis(text, text, 1.0)


def load(_spec: EngineSpec) -> EchoEngine:
    return EchoEngine()


def load_instant(_spec: EngineSpec) -> EchoEngine:
    """Return one that takes no time, to measure the way to it."""
    return EchoEngine(0.0)
