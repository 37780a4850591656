"""Detects the speech in a file of samples, and reports by which rule the rest was left out.

detection.py classifies frames, grouping.py turns them into spans; padding and the reasons are applied here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.domain.options import VadOptions
from app.domain.speech import DroppedSpan, Rule, SpeechReport, SpeechSpan
from app.engine.vad.detection import classify_frames, usable
from app.engine.vad.frames import FLOOR, Frames, Levels
from app.engine.vad.grouping import FrameSpan, SpeechGrouper
from app.engine.vad.silero_detector import SURE_FRAMES

QUIETEST_MS = 150  # a shorter quiet point may be the closure of a consonant inside a word


def find_speech(pcm: Path, options: VadOptions) -> SpeechReport:
    """Detect the speech in a file written by `decode`."""
    return group_frames(classify_frames(pcm, options), usable(options))


def group_frames(frames: Frames, options: VadOptions) -> SpeechReport:
    """Group frames classified by the detector of `options` into spans."""
    found = list(_group(frames, options))
    kept = _padded([span for span in found if not span.too_short], pad_frames(options), len(frames.levels))
    short = [span for span in found if span.too_short]
    dropped = _left_out(kept, short, frames.levels * frames.gain)

    def seconds(span: FrameSpan) -> tuple[float, float]:
        return span.first * options.step_ms / 1000, min(span.end * options.step_ms / 1000, frames.duration)

    return SpeechReport(
        tuple(SpeechSpan(*seconds(span)) for span in kept),
        tuple(DroppedSpan(*seconds(span), rule) for span, rule in dropped),
    )


def _group(frames: Frames, options: VadOptions) -> Iterator[FrameSpan]:
    """Same as SpeechGrouper, but used only for speech that must be cut, so that an hour is fast."""
    grouper = grouper_for(options)
    longest = _longest(options)
    is_clear = frames.is_speech if frames.is_clear is None or takes_bursts(options) else frames.is_clear
    speech, clear = (np.concatenate([[0], np.cumsum(flags)]) for flags in (frames.is_speech, is_clear))
    for first, end in _between_silences(frames.is_speech, _silence_frames(options)):
        if end - first <= longest:
            is_short = speech[end] - speech[first] < _least_speech(options) or clear[end] == clear[first]
            yield FrameSpan(first, end, too_short=bool(is_short))
            continue
        yield from grouper.pieces(
            first, frames.is_speech[first:end].tolist(), frames.levels[first:end].tolist(), is_clear[first:end].tolist()
        )


def _between_silences(is_speech: npt.NDArray[np.bool_], silence: int) -> Iterator[tuple[int, int]]:
    """Yield first and one past last frame of the speech between silences of at least `silence` frames."""
    bounds = np.flatnonzero(np.diff(is_speech, prepend=False, append=False))
    if not len(bounds):
        return
    ends_here = bounds[2::2] - bounds[1:-1:2] >= silence
    firsts = np.concatenate([bounds[:1], bounds[2::2][ends_here]])
    ends = np.concatenate([bounds[1:-1:2][ends_here], bounds[-1:]])
    yield from zip(firsts.tolist(), ends.tolist(), strict=True)


def grouper_for(options: VadOptions, frame: int = 0) -> SpeechGrouper:
    """Return a grouper for `options`, starting at frame number `frame`."""
    return SpeechGrouper(
        min_speech=_least_speech(options),
        min_silence=_silence_frames(options),
        max_span=_longest(options),
        quiet_window=QUIETEST_MS // options.step_ms,
        frame=frame,
    )


def takes_bursts(options: VadOptions) -> bool:
    """Return whether speech need not be clear: the requested minimum is shorter than any clear burst."""
    return _least_speech(options) < SURE_FRAMES


def _least_speech(options: VadOptions) -> int:
    return round(options.min_speech_ms / options.step_ms)


def _silence_frames(options: VadOptions) -> int:
    return max(1, round(options.min_silence_ms / options.step_ms))


def _longest(options: VadOptions) -> int:
    return options.max_segment_ms // options.step_ms - 2 * pad_frames(options)


def pad_frames(options: VadOptions) -> int:
    return round(options.speech_pad_ms / options.step_ms)


def _padded(spans: list[FrameSpan], pad: int, num_frames: int) -> list[FrameSpan]:
    """Pad each span by `pad` frames on both sides; neighbours share the gap between them and never overlap."""
    gaps = [math.inf, *(after.first - before.end for before, after in pairwise(spans)), math.inf]
    return [
        FrameSpan(
            max(0, span.first - int(min(pad, before // 2))), min(num_frames, span.end + int(min(pad, after // 2)))
        )
        for span, before, after in zip(spans, gaps, gaps[1:], strict=False)
    ]


def _left_out(kept: list[FrameSpan], short: list[FrameSpan], levels: Levels) -> Iterator[tuple[FrameSpan, Rule]]:
    """Yield every interval between the spans with its rule: too short for short speech, else by loudness."""
    label = np.zeros(len(levels), dtype=np.int8)
    for number, spans in ((1, short), (2, kept)):  # padding may cover short speech: then it is kept
        for span in spans:
            label[span.first : span.end] = number
    # A sentinel on each side, so that the first and last interval are delimited by changes, too.
    changes = np.flatnonzero(np.diff(label, prepend=-1, append=-1)).tolist()
    for first, end in pairwise(changes):
        if label[first] == 1:
            yield FrameSpan(first, end), Rule.TOO_SHORT
        elif label[first] == 0:
            too_quiet = np.median(levels[first:end]) < FLOOR
            yield FrameSpan(first, end), Rule.TOO_QUIET if too_quiet else Rule.NOT_SPEECH
