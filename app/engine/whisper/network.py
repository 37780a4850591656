"""Loads the CTranslate2 network, and interprets its results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np

from app.domain.errors.inference import DeviceUnavailable, OutOfMemory
from app.domain.errors.models import ModelFileUnreadable
from app.domain.languages import TRADITIONAL
from app.domain.reasons import BROKEN_DEVICE
from app.engine import SAMPLE_RATE, Waveform
from app.engine.catalog.whisper_weights import WEIGHTS_FILE
from app.engine.computing.device import memory_errors_named
from app.engine.features.whisper_mel import FRAMES_PER_SECOND
from app.engine.tokens.alignment import TokenSpan
from app.engine.whisper.placement import WhisperPlacement

FIRST_TOKEN_FRAMES = 20  # of 20 ms, at most
SHORTEST_SECONDS = 0.1
SILENT_PEAK = 3e-4  # -70 dBFS, ten steps of 16 bits


def load_network(folder: Path, placement: WhisperPlacement, threads: int) -> Any:
    try:
        with memory_errors_named():
            return ctranslate2.models.Whisper(
                str(folder),
                device=placement.device,
                device_index=placement.index,
                compute_type=placement.compute_type,
                intra_threads=threads,
            )
    except OutOfMemory:
        raise
    except (RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if placement.device == "cuda" and ("CUDA" in reason or "cu" in reason.lower().split(" ")[-1]):
            raise DeviceUnavailable(device=placement.name, reason=BROKEN_DEVICE.of(detail=reason)) from error
        raise ModelFileUnreadable(file=str(folder / WEIGHTS_FILE), reason=reason) from error


def try_network(network: Any) -> None:
    silence = np.zeros((1, network.n_mels, 2 * FRAMES_PER_SECOND), dtype=np.float32)
    try:
        network.encode(ctranslate2.StorageView.from_array(silence), to_cpu=True)
    except RuntimeError as error:
        reason = BROKEN_DEVICE.of(detail=(str(error).splitlines() or [""])[0])
        raise DeviceUnavailable(device="cuda", reason=reason) from error


def mean_log_probability(score: float, tokens: int) -> float:
    """Return the mean of the tokens and the end: CTranslate2 divides the sum by the tokens alone."""
    return score * tokens / (tokens + 1) if tokens else score


def token_spans(found: Any, tokens: int, frames: int) -> list[TokenSpan]:
    """Return the frames of each token on the attention path; each token ends where the next begins."""
    begins: list[int] = []
    for token, frame in found.alignments:
        while len(begins) <= min(token, tokens):
            begins.append(min(frame, frames))
    begins += [frames] * (tokens + 1 - len(begins))
    if tokens:  # the path starts with the audio, whatever precedes the first word
        begins[0] = max(begins[0], begins[1] - FIRST_TOKEN_FRAMES)
    probabilities = list(found.text_token_probs)
    return [
        TokenSpan(begins[index], max(begins[index], begins[index + 1]), float(probabilities[index]))
        for index in range(tokens)
    ]


def joined_span(spans: Sequence[TokenSpan]) -> TokenSpan:
    probability = min(span.probability for span in spans)
    return TokenSpan(spans[0].start_frame, spans[-1].end_frame, probability)


def foreign_share(asked: str, probabilities: dict[str, float]) -> float | None:
    """Return how much likelier the audio is the other of Chinese and English, if one was requested."""
    own = "zh" if asked == TRADITIONAL else asked
    other = {"zh": "en", "en": "zh"}.get(own)
    if other is None or other not in probabilities:
        return None
    both = probabilities[other] + probabilities.get(own, 0.0)
    return probabilities[other] / both if both else None


def is_audible(waveform: Waveform) -> bool:
    """Return whether there is anything that could be a word."""
    return len(waveform) >= SHORTEST_SECONDS * SAMPLE_RATE and bool(np.abs(waveform).max() > SILENT_PEAK)
