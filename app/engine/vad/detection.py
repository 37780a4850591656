"""Classifies the frames of a recording with the requested detector, and stores the result in a folder, so that another
threshold, other lengths or other padding do not need the samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.atomic import appearing
from app.domain.errors.base import Reason
from app.domain.errors.models import ModelFileUnreadable
from app.domain.options import FALLBACK_DETECTOR, SILERO, WEBRTCVAD, VadOptions
from app.domain.reasons import VAD_UNAVAILABLE
from app.domain.transcript import Applied
from app.engine.vad.detector import Detector, FrameDetector, Judgement
from app.engine.vad.frames import Frames
from app.engine.vad.silero_detector import SileroDetector
from app.engine.vad.webrtcvad_detector import WebrtcvadDetector

_DETECTORS: Mapping[str, Detector] = {SILERO: SileroDetector(), WEBRTCVAD: WebrtcvadDetector()}
"""One for each of app.domain.options.DETECTORS."""


def usable(options: VadOptions) -> VadOptions:
    """Return `options`, with the fallback detector if theirs cannot be loaded."""
    return options.with_changes(detector=FALLBACK_DETECTOR) if _refusal(options) else options


def vad_receipt(options: VadOptions) -> Applied:
    """Return the receipt line: requested and applied."""
    return Applied("vad", options.summary, usable(options).summary, _refusal(options))


def classify_frames(pcm: Path, options: VadOptions) -> Frames:
    """Classify each frame of a file written by `decode`."""
    options = usable(options)
    detector = _DETECTORS[options.detector]
    return detector.frames(detector.judge(pcm, options), options)


def classify_and_save(pcm: Path, options: VadOptions, folder: Path) -> Frames:
    """Classify the frames, and store the result in `folder` atomically."""
    options = usable(options)
    detector = _DETECTORS[options.detector]
    judgement = detector.judge(pcm, options)
    _save(judgement, classified_file(folder, options))
    return detector.frames(judgement, options)


def load_classified(folder: Path, options: VadOptions) -> Frames | None:
    """Return what `classify_and_save` stored; None if it did not."""
    options = usable(options)
    file = classified_file(folder, options)
    return _DETECTORS[options.detector].frames(_load(file), options) if file.is_file() else None


def classified_file(folder: Path, options: VadOptions) -> Path:
    """Return the path of a detector's stored result."""
    options = usable(options)
    return folder / _DETECTORS[options.detector].file_name(options)


def detector_for(options: VadOptions) -> FrameDetector:
    """Return a detector for streaming frames."""
    options = usable(options)
    return _DETECTORS[options.detector].live(options)


def _refusal(options: VadOptions) -> Reason | None:
    """Return why the detector cannot be loaded; None if it can."""
    try:
        _DETECTORS[options.detector].check()
    except ModelFileUnreadable as error:
        return VAD_UNAVAILABLE.of(detail=error.problem.explained()["message"])
    return None


def _save(judgement: Judgement, file: Path) -> None:
    with appearing(file, durable=False) as part, part.open("wb") as target:
        duration = np.float64(judgement.duration)
        np.savez(target, allow_pickle=False, levels=judgement.levels, duration=duration, **judgement.arrays)


def _load(file: Path) -> Judgement:
    with np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return Judgement(arrays.pop("levels").astype(np.float32), float(arrays.pop("duration")), arrays)
