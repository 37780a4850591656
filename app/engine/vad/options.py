"""Which detector judges the frames: the one that was asked for, or webrtcvad where that one cannot be loaded."""

from __future__ import annotations

from dataclasses import replace

from app.domain.errors.base import Reason
from app.domain.errors.models import ModelFileUnreadable
from app.domain.options import SILERO, WEBRTCVAD, VadOptions
from app.domain.reasons import VAD_UNAVAILABLE
from app.domain.transcript import Applied
from app.engine.vad.silero import silero


def usable(options: VadOptions) -> VadOptions:
    """Return `options`, with webrtcvad where Silero cannot be loaded."""
    return replace(options, detector=WEBRTCVAD) if _refusal(options) else options


def vad_receipt(options: VadOptions) -> Applied:
    """Return the line of the receipt: what was asked, and what became of it."""
    return Applied("vad", options.summary, usable(options).summary, _refusal(options))


def _refusal(options: VadOptions) -> Reason | None:
    """Return why the detector cannot be loaded; None where it can."""
    if options.detector != SILERO:
        return None
    try:
        silero()
    except ModelFileUnreadable as error:
        return VAD_UNAVAILABLE.of(detail=error.problem.explained()["message"])
    return None
