"""Finds the speech in a file of samples, and says by which rule the rest was left out.

webrtcvad judges single frames, grouping.py makes spans of them; padding and the words for what is left out are here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import webrtcvad

from app.engine import SAMPLE_RATE
from app.engine.audio import BYTES_PER_SAMPLE, FULL_SCALE
from app.engine.grouping import FrameSpan, SpeechGrouper
from app.errors import N_, InvalidParameter
from app.transcript import Applied

FRAME_MS = (10, 20, 30)  # what webrtcvad accepts
QUIETEST_MS = 150  # shorter than this, a quiet point may be the closure of a consonant inside a word
# webrtcvad adapts to any level and then calls dither and hum speech. Below this a voice could not be understood.
FLOOR_DBFS = -60.0
ORDINARY_DBFS = (
    -25.0
)  # the loud syllables of an ordinary recording; a quieter one is judged as if it were so loud
MAX_GAIN_DB = 30.0
_FLOOR = FULL_SCALE * 10 ** (FLOOR_DBFS / 20)
_ORDINARY = FULL_SCALE * 10 ** (ORDINARY_DBFS / 20)
_MAX_GAIN = 10 ** (MAX_GAIN_DB / 20)
_BLOCK_FRAMES = 1000

Levels: TypeAlias = npt.NDArray[np.float32]
"""Root mean square of each frame, in units of int16."""


class Rule(StrEnum):
    """Why a stretch was left out."""

    TOO_QUIET = "too_quiet"
    """Mostly quieter than FLOOR_DBFS."""
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

    @property
    def receipt(self) -> Applied:
        """What was asked; nothing of it is ever changed."""
        told = f"mode {self.mode}, {self.frame_ms} ms, silence {self.min_silence_ms} ms, at most {self.max_segment_ms} ms"
        return Applied("vad", told, told)

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
    levels = _levels(pcm, options.frame_ms)
    gain = _gain(levels)
    found = list(_group(pcm, options, levels, gain))
    kept = _padded([span for span in found if not span.too_short], _pad_frames(options), len(levels))
    dropped = _left_out(kept, [span for span in found if span.too_short], levels * gain)
    duration = pcm.stat().st_size // BYTES_PER_SAMPLE / SAMPLE_RATE

    def seconds(span: FrameSpan) -> tuple[float, float]:
        return span.first * options.frame_ms / 1000, min(span.end * options.frame_ms / 1000, duration)

    return SpeechReport(
        tuple(SpeechSpan(*seconds(span)) for span in kept),
        tuple(DroppedSpan(*seconds(span), rule) for span, rule in dropped),
    )


def _levels(pcm: Path, frame_ms: int) -> Levels:
    """Return the level of each frame, without its mean: a constant offset is not sound."""
    blocks = [block.std(axis=1, dtype=np.float32) for block in _blocks(pcm, frame_ms)]
    return np.concatenate([np.zeros(0, dtype=np.float32), *blocks])


def _gain(levels: Levels) -> float:
    """Return the factor that brings a quiet recording to an ordinary level.

    webrtcvad was made for telephones: it loses a third of the words where the loud syllables are at -50 dBFS.
    """
    audible = levels[levels >= _FLOOR]
    if not len(audible):
        return 1.0
    loud = float(np.percentile(audible, 95))
    return min(max(1.0, _ORDINARY / loud), _MAX_GAIN)


def _group(pcm: Path, options: VadOptions, levels: Levels, gain: float) -> Iterator[FrameSpan]:
    judge = webrtcvad.Vad(options.mode)
    grouper = _grouper(options)
    frames = (frame for block in _blocks(pcm, options.frame_ms) for frame in block)
    for frame, level in zip(frames, levels.tolist(), strict=True):
        is_speech = level * gain >= _FLOOR and judge.is_speech(_louder(frame, gain), SAMPLE_RATE)
        if span := grouper.take(is_speech, level):
            yield span
    if span := grouper.finish():
        yield span


def _louder(frame: npt.NDArray[np.int16], gain: float) -> bytes:
    if gain > 1.0:
        frame = np.clip(frame * gain, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return frame.tobytes()


def _grouper(options: VadOptions) -> SpeechGrouper:
    return SpeechGrouper(
        min_speech=math.ceil(options.min_speech_ms / options.frame_ms),
        min_silence=max(1, round(options.min_silence_ms / options.frame_ms)),
        max_span=options.max_segment_ms // options.frame_ms - 2 * _pad_frames(options),
        quiet_window=QUIETEST_MS // options.frame_ms,
    )


def _pad_frames(options: VadOptions) -> int:
    return round(options.speech_pad_ms / options.frame_ms)


def _blocks(pcm: Path, frame_ms: int) -> Iterator[npt.NDArray[np.int16]]:
    """Yield the samples as (frames, samples of a frame); the last frame is filled up without a click."""
    size = SAMPLE_RATE * frame_ms // 1000
    with pcm.open("rb") as file:
        while block := file.read(size * _BLOCK_FRAMES * BYTES_PER_SAMPLE):
            samples = np.frombuffer(block, dtype="<i2")
            yield np.pad(samples, (0, -len(samples) % size), mode="edge").reshape(-1, size)


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
    kept: list[FrameSpan], short: list[FrameSpan], levels: Levels
) -> Iterator[tuple[FrameSpan, Rule]]:
    """Name the rule for every stretch between the spans: too short where such speech lies, else by its loudness."""
    label = np.zeros(len(levels), dtype=np.int8)
    for number, spans in ((1, short), (2, kept)):  # padding may reach over short speech: then it is kept
        for span in spans:
            label[span.first : span.end] = number
    # A sentinel on each side: the first and the last stretch begin and end with a change too.
    changes = np.flatnonzero(np.diff(label, prepend=-1, append=-1)).tolist()
    for first, end in pairwise(changes):
        if label[first] == 1:
            yield FrameSpan(first, end), Rule.TOO_SHORT
        elif label[first] == 0:
            too_quiet = np.median(levels[first:end]) < _FLOOR
            yield FrameSpan(first, end), Rule.TOO_QUIET if too_quiet else Rule.NOT_SPEECH
