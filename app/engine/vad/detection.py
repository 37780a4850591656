"""Which frames of a recording are speech, by the detector that is asked for; and what it said, kept in a folder, so
that finding speech with another threshold, other lengths or other padding needs no look at the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import webrtcvad

from app.atomic import appearing
from app.domain.options import SILERO, VadOptions
from app.engine import SAMPLE_RATE
from app.engine.audio.samples import FULL_SCALE
from app.engine.vad.frames import (
    FLOOR,
    Frames,
    Levels,
    blocks,
    duration_of,
    gain_of,
    judged_by_webrtcvad,
    levels_of,
    louder,
)
from app.engine.vad.options import usable
from app.engine.vad.silero import FRAME_SAMPLES, Hearing, silero

HYSTERESIS = 0.15  # as in Silero's own code: speech goes on until it is so much less likely than at its beginning
# Drums and strings give bursts of a few frames that are likely enough. Speech goes on for longer, across the silences
# between words, or is very likely: single syllables are. Measured; see docs/decisions.
CLEAR_FRAMES = 10  # 320 ms
SURE, SURE_FRAMES = 0.98, 6  # 192 ms
GAP_FRAMES = 8  # 256 ms of silence do not end a burst

Samples: TypeAlias = npt.NDArray[np.int16]
Probabilities: TypeAlias = npt.NDArray[np.float32]


def classify_frames(pcm: Path, options: VadOptions) -> Frames:
    """Have each frame of a file that `decode` wrote judged."""
    options = usable(options)
    if options.detector == SILERO:
        return _heard_by_silero(pcm).frames(options.threshold)
    return judged_by_webrtcvad(pcm, options.mode, options.frame_ms)


def classify_and_save(pcm: Path, options: VadOptions, folder: Path) -> Frames:
    """Judge, and write what was heard into `folder`; it appears there complete or not at all."""
    options = usable(options)
    if options.detector == SILERO:
        heard = _heard_by_silero(pcm)
        _keep(classified_file(folder, options), heard.levels, heard.duration, probabilities=heard.probabilities)
        return heard.frames(options.threshold)
    frames = judged_by_webrtcvad(pcm, options.mode, options.frame_ms)
    _keep(
        classified_file(folder, options),
        frames.levels,
        frames.duration,
        is_speech=np.packbits(frames.is_speech),
    )
    return frames


def load_classified(folder: Path, options: VadOptions) -> Frames | None:
    """Return what `judge_and_keep` wrote; None where it did not."""
    options = usable(options)
    file = classified_file(folder, options)
    if not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as stored:
        levels, duration = stored["levels"].astype(np.float32), float(stored["duration"])
        if options.detector == SILERO:
            return _Heard(levels, stored["probabilities"].astype(np.float32), duration).frames(options.threshold)
        is_speech = np.unpackbits(stored["is_speech"], count=len(levels)).astype(np.bool_)
        return Frames(levels, is_speech, duration)


def classified_file(folder: Path, options: VadOptions) -> Path:
    """Return where the judgement of a detector lies; that of Silero serves every threshold."""
    if usable(options).detector == SILERO:
        return folder / "frames-silero.npz"
    return folder / f"frames-{options.mode}-{options.frame_ms}.npz"


def _keep(file: Path, levels: Levels, duration: float, **judgement: npt.NDArray[Any]) -> None:
    with appearing(file, durable=False) as part, part.open("wb") as target:
        np.savez(target, allow_pickle=False, levels=levels, duration=np.float64(duration), **judgement)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What Silero says of a recording. Memory: 8 bytes for a frame (0.9 MB per hour)."""

    levels: Levels
    probabilities: Probabilities
    duration: float

    def frames(self, threshold: float) -> Frames:
        """Return which frames are speech: from `threshold` on, until the probability has fallen HYSTERESIS below."""
        audible = self.levels * gain_of(self.levels) >= FLOOR
        begins = audible & (self.probabilities >= threshold)
        goes_on = audible & (self.probabilities >= _least(threshold))
        index = np.arange(len(begins))
        last_end = np.maximum.accumulate(np.where(goes_on, -1, index))
        last_begin = np.maximum.accumulate(np.where(begins, index, -1))
        is_speech = goes_on & (last_begin > last_end)
        return Frames(self.levels, is_speech, self.duration, _clear(is_speech, self.probabilities))


def _clear(is_speech: npt.NDArray[np.bool_], probabilities: Probabilities) -> npt.NDArray[np.bool_]:
    """Return where speech is clear, as _Burst tells frame by frame."""
    index = np.arange(len(is_speech))
    latest = np.maximum.accumulate(np.where(is_speech, index, -GAP_FRAMES - 2))
    before = np.concatenate([[-GAP_FRAMES - 2], latest[:-1]])
    first = np.maximum.accumulate(np.where(is_speech & (index - before > GAP_FRAMES + 1), index, 0))
    length = index - first + 1
    last_sure = np.maximum.accumulate(np.where(is_speech & (probabilities >= SURE), index, -1))
    clear: npt.NDArray[np.bool_] = is_speech & (
        (length >= CLEAR_FRAMES) | ((length >= SURE_FRAMES) & (last_sure >= first))
    )
    return clear


class _Burst:
    """Speech with silences of at most GAP_FRAMES in it, frame by frame."""

    def __init__(self) -> None:
        self._length = 0
        self._gap = 0
        self._is_sure = False

    def feed(self, is_speech: bool, probability: float) -> bool:
        """Take the next frame, and return whether it is clear speech."""
        if not is_speech:
            self._gap += 1
            return False
        if self._gap > GAP_FRAMES:
            self._length, self._is_sure = 0, False
        elif self._length:
            self._length += self._gap
        self._gap = 0
        self._length += 1
        self._is_sure = self._is_sure or probability >= SURE
        return self._length >= CLEAR_FRAMES or (self._length >= SURE_FRAMES and self._is_sure)


def _least(threshold: float) -> float:
    return min(threshold, max(threshold - HYSTERESIS, 0.01))


def _heard_by_silero(pcm: Path) -> _Heard:
    levels = levels_of(pcm, FRAME_SAMPLES)
    gain = gain_of(levels)
    hearing = Hearing(silero())
    heard = [hearing.probabilities(_waveform(louder(block, gain))) for block in blocks(pcm, FRAME_SAMPLES)]
    probabilities = np.concatenate([np.zeros(0, dtype=np.float32), *heard])
    return _Heard(levels, probabilities, duration_of(pcm))


def _waveform(samples: Samples) -> npt.NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


class FrameDetector(Protocol):
    """Judges frames as they come."""

    def is_speech(self, frame: Samples, *, is_audible: bool) -> bool:
        """Judge the next frame, which is as loud as an ordinary recording; what cannot be heard is never speech."""
        ...

    @property
    def is_clear(self) -> bool:
        """The frame that was judged last belongs to speech that is more than a burst of something else."""
        ...

    @property
    def hears_again(self) -> bool:
        """When sound suddenly becomes louder, it must begin anew and hear the last seconds so loud."""
        ...


def detector_for(options: VadOptions) -> FrameDetector:
    options = usable(options)
    return _Silero(options.threshold) if options.detector == SILERO else _Webrtcvad(options.mode)


class _Webrtcvad:
    """It would take the hiss for speech that suddenly is louder."""

    hears_again = True
    is_clear = True

    def __init__(self, mode: int) -> None:
        self._detector = webrtcvad.Vad(mode)

    def is_speech(self, frame: Samples, *, is_audible: bool) -> bool:
        return is_audible and bool(self._detector.is_speech(frame.tobytes(), SAMPLE_RATE))


class _Silero:
    """It hears every frame, also the silent ones: what it remembers is of all that was there."""

    hears_again = False

    def __init__(self, threshold: float) -> None:
        self._hearing = Hearing(silero())
        self._threshold = threshold
        self._speaks = False
        self._burst = _Burst()
        self.is_clear = False

    def is_speech(self, frame: Samples, *, is_audible: bool) -> bool:
        [probability] = self._hearing.probabilities(_waveform(frame)[np.newaxis])
        least = _least(self._threshold) if self._speaks else self._threshold
        self._speaks = is_audible and bool(probability >= least)
        self.is_clear = self._burst.feed(self._speaks, float(probability))
        return self._speaks
