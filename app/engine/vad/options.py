"""How speech is found: which detector judges the frames, and how they are grouped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from app.domain.errors import N_, InvalidParameter, ModelFileUnreadable
from app.domain.transcript import Applied
from app.engine.vad.frames import FRAME_MS, MODES
from app.engine.vad.silero import FRAME_MS as SILERO_FRAME_MS
from app.engine.vad.silero import silero

SILERO, WEBRTCVAD = DETECTORS = ("silero", "webrtcvad")


@dataclass(frozen=True, slots=True)
class VadOptions:
    """How speech is found. Lengths are in milliseconds.

    Raises:
        InvalidParameter: a value is out of its bounds, or two do not fit each other.
    """

    detector: str = SILERO
    """One of DETECTORS: Silero tells speech from music and noise; webrtcvad takes both for speech, and costs less."""
    threshold: float = 0.7
    """Of Silero: the probability from which a frame is speech, 0 to 1; more leaves out more."""
    mode: int = 2
    """Of webrtcvad, its aggressiveness: 0 keeps most sound, 3 drops most."""
    frame_ms: int = 30
    """Of webrtcvad."""
    max_segment_ms: int = 30_000
    """Longest span, padding included; longer speech is cut at its quietest point."""
    min_speech_ms: int = 200
    """A span with less speech is dropped."""
    min_silence_ms: int = 700
    """Silence that ends a span."""
    speech_pad_ms: int = 300
    """Sound kept before and after a span."""

    @classmethod
    def stored(cls, stored: Mapping[str, Any]) -> Self:
        """Read what was written as a dict; before there was a choice, it was webrtcvad that judged."""
        return cls(**{"detector": WEBRTCVAD, **stored})

    def with_asked(self, **asked: Any) -> Self:
        """Return these with what was asked; None was not. Who names an option of a detector means that detector."""
        changes = {name: value for name, value in asked.items() if value is not None}
        if "detector" not in changes:
            if "threshold" in changes:
                changes["detector"] = SILERO
            elif {"mode", "frame_ms"} & set(changes):
                changes["detector"] = WEBRTCVAD
        return replace(self, **changes)

    @property
    def step_ms(self) -> int:
        """The length of one frame."""
        return SILERO_FRAME_MS if self.detector == SILERO else self.frame_ms

    @property
    def usable(self) -> Self:
        """These, with webrtcvad where Silero cannot be had."""
        return replace(self, detector=WEBRTCVAD) if self._refused else self

    @property
    def receipt(self) -> Applied:
        """What was asked, and what became of it."""
        return Applied("vad", self.told, self.usable.told, self._refused)

    @property
    def _refused(self) -> str:
        """Why the detector cannot be had; empty where it can."""
        if self.detector != SILERO:
            return ""
        try:
            silero()
        except ModelFileUnreadable as error:
            return error.problem.explained()["message"]
        return ""

    @property
    def told(self) -> str:
        lengths = f"silence {self.min_silence_ms} ms, at most {self.max_segment_ms} ms"
        if self.detector == SILERO:
            return f"Silero, threshold {self.threshold:g}, {lengths}"
        return f"webrtcvad, mode {self.mode}, {self.frame_ms} ms, {lengths}"

    def __post_init__(self) -> None:
        self._require("detector", self.detector in DETECTORS, N_("it must be silero or webrtcvad"))
        self._require("threshold", 0 <= self.threshold <= 1, N_("it must be between 0 and 1"))
        self._require("mode", self.mode in MODES, N_("it must be 0, 1, 2 or 3"))
        self._require("frame_ms", self.frame_ms in FRAME_MS, N_("it must be 10, 20 or 30"))
        for name in ("min_speech_ms", "min_silence_ms", "speech_pad_ms"):
            self._require(name, getattr(self, name) >= 0, N_("it must not be negative"))
        self._require("max_segment_ms", self.max_segment_ms >= 1000, N_("it must be at least 1000"))
        fits = self.speech_pad_ms * 4 <= self.max_segment_ms
        self._require("speech_pad_ms", fits, N_("it must be at most a quarter of max_segment_ms"))

    def _require(self, name: str, holds: bool, reason: str) -> None:
        if not holds:
            raise InvalidParameter(name=name, reason=reason)
