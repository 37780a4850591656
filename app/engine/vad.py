"""Finds the speech in a file of samples, and says by which rule the rest was left out.

webrtcvad judges single frames, grouping.py makes spans of them; padding and the words for what is left out are here.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import webrtcvad

from app.engine import SAMPLE_RATE
from app.engine.audio import BYTES_PER_SAMPLE, FULL_SCALE
from app.engine.grouping import FrameSpan, SpeechGrouper
from app.errors import N_, InvalidParameter

FRAME_MS = (10, 20, 30)  # what webrtcvad accepts
QUIETEST_MS = 150  # shorter than this, a quiet point may be the closure of a consonant inside a word
# webrtcvad adapts to any level and then calls dither and hum speech. Below this a voice could not be understood.
FLOOR_DBFS = -60.0
_FLOOR = FULL_SCALE * 10 ** (FLOOR_DBFS / 20)
_BLOCK_FRAMES = 1000


class Rule(StrEnum):
    """Why a stretch was left out."""

    TOO_QUIET = "too_quiet"
    """Quieter than FLOOR_DBFS throughout."""
    NOT_SPEECH = "not_speech"
    """webrtcvad heard sound, but no voice."""
    TOO_SHORT = "too_short"
    """A voice, for less than `min_speech_ms`."""


@dataclass(frozen=True, slots=True)
class VadOptions:
    """How speech is found. All but `mode` in milliseconds.

    Raises:
        InvalidParameter: a value is out of its bounds, or two do not fit each other.
    """

    mode: int = 2
    """Aggressiveness: 0 keeps most sound, 3 drops most."""
    frame_ms: int = 30
    max_segment_ms: int = 30_000
    """Longest span, padding included; longer speech is cut at its quietest point."""
    min_speech_ms: int = 200
    """A span with less speech is dropped."""
    min_silence_ms: int = 700
    """Silence that ends a span."""
    speech_pad_ms: int = 300
    """Sound kept before and after a span."""

    def __post_init__(self) -> None:
        self._require("mode", self.mode in range(4), N_("it must be 0, 1, 2 or 3"))
        self._require("frame_ms", self.frame_ms in FRAME_MS, N_("it must be 10, 20 or 30"))
        for name in ("min_speech_ms", "min_silence_ms", "speech_pad_ms"):
            self._require(name, getattr(self, name) >= 0, N_("it must not be negative"))
        self._require("max_segment_ms", self.max_segment_ms >= 1000, N_("it must be at least 1000"))
        fits = self.speech_pad_ms * 4 <= self.max_segment_ms
        self._require("speech_pad_ms", fits, N_("it must be at most a quarter of max_segment_ms"))

    def _require(self, name: str, holds: bool, reason: str) -> None:
        if not holds:
            raise InvalidParameter(name=name, reason=reason)


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """A stretch that is recognised, in seconds."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class DroppedSpan:
    """A stretch that is not recognised, in seconds, and why."""

    start: float
    end: float
    rule: Rule


@dataclass(frozen=True, slots=True)
class SpeechReport:
    """Together the two cover the recording exactly once, each in order of time."""

    spans: tuple[SpeechSpan, ...]
    dropped: tuple[DroppedSpan, ...]


def find_speech(pcm: Path, options: VadOptions) -> SpeechReport:
    """Find the speech in a file that `decode` wrote. Memory: 4 bytes per frame (0.5 MB per hour at 30 ms)."""
    levels = array("f")
    found = list(_group(pcm, options, levels))
    kept = _padded([span for span in found if not span.too_short], _pad_frames(options), len(levels))
    short = [span for span in found if span.too_short]
    duration = pcm.stat().st_size // BYTES_PER_SAMPLE / SAMPLE_RATE

    def seconds(span: FrameSpan) -> tuple[float, float]:
        return span.first * options.frame_ms / 1000, min(span.end * options.frame_ms / 1000, duration)

    return SpeechReport(
        tuple(SpeechSpan(*seconds(span)) for span in kept),
        tuple(DroppedSpan(*seconds(span), rule) for span, rule in _left_out(kept, short, np.asarray(levels))),
    )


def _group(pcm: Path, options: VadOptions, levels: array[float]) -> Iterator[FrameSpan]:
    """Yield the spans, and append the level of every frame to `levels`."""
    judge = webrtcvad.Vad(options.mode)
    grouper = _grouper(options)
    for frame in _frames(pcm, options.frame_ms):
        level = float(frame.std())  # without the mean: a constant offset is not sound
        levels.append(level)
        is_speech = level >= _FLOOR and judge.is_speech(frame.tobytes(), SAMPLE_RATE)
        if span := grouper.take(is_speech, level):
            yield span
    if span := grouper.finish():
        yield span


def _grouper(options: VadOptions) -> SpeechGrouper:
    return SpeechGrouper(
        min_speech=math.ceil(options.min_speech_ms / options.frame_ms),
        min_silence=max(1, round(options.min_silence_ms / options.frame_ms)),
        max_span=options.max_segment_ms // options.frame_ms - 2 * _pad_frames(options),
        quiet_window=QUIETEST_MS // options.frame_ms,
    )


def _pad_frames(options: VadOptions) -> int:
    return round(options.speech_pad_ms / options.frame_ms)


def _frames(pcm: Path, frame_ms: int) -> Iterator[npt.NDArray[np.int16]]:
    """Yield the samples of each frame; the last one is filled up with silence."""
    size = SAMPLE_RATE * frame_ms // 1000
    with pcm.open("rb") as file:
        while block := file.read(size * _BLOCK_FRAMES * BYTES_PER_SAMPLE):
            samples = np.frombuffer(block, dtype="<i2")
            yield from np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)


def _padded(spans: list[FrameSpan], pad: int, num_frames: int) -> list[FrameSpan]:
    """Widen each span by `pad` frames on both sides; neighbours share the gap between them and never overlap."""
    gaps = [math.inf, *(after.first - before.end for before, after in pairwise(spans)), math.inf]
    return [
        FrameSpan(
            max(0, span.first - int(min(pad, before // 2))),
            min(num_frames, span.end + int(min(pad, after // 2))),
        )
        for span, before, after in zip(spans, gaps, gaps[1:], strict=False)
    ]


def _left_out(
    kept: list[FrameSpan], short: list[FrameSpan], levels: npt.NDArray[np.float32]
) -> Iterator[tuple[FrameSpan, Rule]]:
    """Name the rule for every stretch between the spans: too short where such speech lies, else by its loudness."""
    label = np.zeros(len(levels), dtype=np.int8)
    for number, spans in ((1, short), (2, kept)):  # padding may reach over short speech: then it is kept
        for span in spans:
            label[span.first : span.end] = number
    changes = [0, *(np.flatnonzero(np.diff(label)) + 1).tolist(), len(label)]
    for first, end in pairwise(changes):
        if label[first : first + 1] == 1:
            yield FrameSpan(first, end), Rule.TOO_SHORT
        elif label[first : first + 1] == 0:
            too_quiet = np.median(levels[first:end]) < _FLOOR
            yield FrameSpan(first, end), Rule.TOO_QUIET if too_quiet else Rule.NOT_SPEECH
