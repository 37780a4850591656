"""Silero as a detector: the probabilities of its network, and the frames that count as speech."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.domain.options import VadOptions
from app.engine.audio.samples import FULL_SCALE
from app.engine.vad.detector import FrameDetector, Judgement, Samples
from app.engine.vad.frames import FLOOR, Frames, blocks, duration_of, gain_of, levels_of, louder
from app.engine.vad.silero import FRAME_SAMPLES, Hearing, silero

HYSTERESIS = 0.15  # as in Silero's own code: speech ends this far below the threshold at which it begins
# Drums and strings give bursts of a few frames above the threshold. Speech lasts longer, across the silences between
# words, or is very likely, as single syllables are. Measured; see docs/decisions.
CLEAR_FRAMES = 10  # 320 ms
SURE, SURE_FRAMES = 0.98, 6  # 192 ms
GAP_FRAMES = 8  # 256 ms of silence do not end a burst

Probabilities: TypeAlias = npt.NDArray[np.float32]


class SileroDetector:
    """Silero, stateless. A judgement takes 8 bytes per frame (0.9 MB per hour)."""

    def check(self) -> None:
        silero()

    def file_name(self, options: VadOptions) -> str:  # noqa: ARG002 - the probabilities serve every threshold
        return "frames-silero.npz"

    def judge(self, pcm: Path, options: VadOptions) -> Judgement:  # noqa: ARG002
        levels = levels_of(pcm, FRAME_SAMPLES)
        gain = gain_of(levels)
        hearing = Hearing(silero())
        heard = [hearing.probabilities(_waveform(louder(block, gain))) for block in blocks(pcm, FRAME_SAMPLES)]
        probabilities = np.concatenate([np.zeros(0, dtype=np.float32), *heard])
        return Judgement(levels, duration_of(pcm), {"probabilities": probabilities})

    def frames(self, judgement: Judgement, options: VadOptions) -> Frames:
        """Return which frames are speech: from the threshold on, until the probability falls HYSTERESIS below it."""
        levels = judgement.levels
        probabilities: Probabilities = judgement.arrays["probabilities"].astype(np.float32)
        audible = levels * gain_of(levels) >= FLOOR
        begins = audible & (probabilities >= options.threshold)
        goes_on = audible & (probabilities >= _least(options.threshold))
        index = np.arange(len(begins))
        last_end = np.maximum.accumulate(np.where(goes_on, -1, index))
        last_begin = np.maximum.accumulate(np.where(begins, index, -1))
        is_speech = goes_on & (last_begin > last_end)
        return Frames(levels, is_speech, judgement.duration, _clear(is_speech, probabilities))

    def live(self, options: VadOptions) -> FrameDetector:
        return _LiveSilero(options.threshold)


def _clear(is_speech: npt.NDArray[np.bool_], probabilities: Probabilities) -> npt.NDArray[np.bool_]:
    """Return where speech is clear: Burst's rule for all frames at once."""
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


class Burst:
    """Tracks speech with silences of at most GAP_FRAMES, frame by frame."""

    def __init__(self) -> None:
        self._length = 0
        self._gap = 0
        self._is_sure = False

    def feed(self, is_speech: bool, probability: float) -> bool:
        """Add the next frame, and return whether it is clear speech."""
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


def _waveform(samples: Samples) -> npt.NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


class _LiveSilero:
    """It processes every frame, even silent ones: its state depends on all of them."""

    hears_again = False

    def __init__(self, threshold: float) -> None:
        self._hearing = Hearing(silero())
        self._threshold = threshold
        self._speaks = False
        self._burst = Burst()
        self.is_clear = False

    def is_speech(self, frame: Samples, *, is_audible: bool) -> bool:
        [probability] = self._hearing.probabilities(_waveform(frame)[np.newaxis])
        least = _least(self._threshold) if self._speaks else self._threshold
        self._speaks = is_audible and bool(probability >= least)
        self.is_clear = self._burst.feed(self._speaks, float(probability))
        return self._speaks
