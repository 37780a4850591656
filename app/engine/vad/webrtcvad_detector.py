"""webrtcvad as a detector: cheap, but it takes music and noise for speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import webrtcvad

from app.domain.options import VadOptions
from app.engine import SAMPLE_RATE
from app.engine.vad.detector import FrameDetector, Judgement, Samples
from app.engine.vad.frames import FLOOR, Frames, blocks, duration_of, gain_of, levels_of, louder


class WebrtcvadDetector:
    """webrtcvad, stateless."""

    def check(self) -> None:
        """Nothing is loaded."""

    def file_name(self, options: VadOptions) -> str:
        return f"frames-{options.mode}-{options.frame_ms}.npz"

    def judge(self, pcm: Path, options: VadOptions) -> Judgement:
        size = SAMPLE_RATE * options.frame_ms // 1000
        levels = levels_of(pcm, size)
        gain = gain_of(levels)
        detector = webrtcvad.Vad(options.mode)
        frames = (frame for block in blocks(pcm, size) for frame in block)
        is_speech = np.zeros(len(levels), dtype=np.bool_)
        for index, (frame, level) in enumerate(zip(frames, levels.tolist(), strict=True)):
            is_speech[index] = level * gain >= FLOOR and detector.is_speech(louder(frame, gain).tobytes(), SAMPLE_RATE)
        return Judgement(levels, duration_of(pcm), {"is_speech": np.packbits(is_speech)})

    def frames(self, judgement: Judgement, options: VadOptions) -> Frames:  # noqa: ARG002 - all options were judged by
        count = len(judgement.levels)
        is_speech = np.unpackbits(judgement.arrays["is_speech"], count=count).astype(np.bool_)
        return Frames(judgement.levels, is_speech, judgement.duration)

    def live(self, options: VadOptions) -> FrameDetector:
        return _LiveWebrtcvad(options.mode)


class _LiveWebrtcvad:
    """It would take suddenly louder hiss for speech."""

    hears_again = True
    is_clear = True

    def __init__(self, mode: int) -> None:
        self._detector = webrtcvad.Vad(mode)

    def is_speech(self, frame: Samples, *, is_audible: bool) -> bool:
        return is_audible and bool(self._detector.is_speech(frame.tobytes(), SAMPLE_RATE))
