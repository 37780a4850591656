"""FunASR's fsmn-vad behind a small seam: a waveform to the stretches where somebody speaks."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import torch

from app.engine import SAMPLE_RATE, Waveform
from app.engine.device import memory_errors_named
from app.engine.funasr.family import duration
from app.engine.funasr.loading import Loaded, kept_process, load
from app.engine.known_models import Role

SHORTEST_SECONDS = 0.1  # of less it cannot compute features
MILLISECONDS = 1000.0
OVERRUN_MS = 100  # how far it may go on beyond the longest span that it was told

Span: TypeAlias = tuple[float, float]
"""Start and end in seconds."""


def load_vad(folder: Path) -> FsmnVad:
    """Load an fsmn-vad folder onto the CPU; never downloads.

    Raises:
        FunASRMissing: the package is not installed.
        ModelError: the folder is absent, not whole, no voice activity detection, or its weights do not fit.
    """
    return FsmnVad(load(folder, Role.VAD, torch.device("cpu")))


class FsmnVad:
    """A network that hears speech where webrtcvad only measures levels."""

    def __init__(self, loaded: Loaded) -> None:
        self.name = loaded.folder.resolve().name
        self._auto = loaded.auto
        self._network: Any = loaded.network
        self._lock = Lock()

    def spans(self, waveform: Waveform, *, longest_seconds: float = 30.0) -> tuple[Span, ...]:
        """Return where somebody speaks: in order, without overlap, inside the waveform, none longer than asked."""
        if len(waveform) < SHORTEST_SECONDS * SAMPLE_RATE:
            return ()
        with self._lock, torch.inference_mode(), memory_errors_named(), kept_process():
            self._network.vad_opts.max_single_segment_time = (
                round(longest_seconds * MILLISECONDS) - OVERRUN_MS
            )
            [result] = self._auto.generate([torch.tensor(waveform)])
        return _ordered(result["value"], duration(waveform))


def _ordered(milliseconds: list[list[int]], end: float) -> tuple[Span, ...]:
    spans: list[Span] = []
    for first, last in sorted(milliseconds):
        start = max(first / MILLISECONDS, spans[-1][1] if spans else 0.0)
        stop = min(last / MILLISECONDS, end)
        if stop > start:
            spans.append((start, stop))
    return tuple(spans)
