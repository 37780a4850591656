"""The options of a transcription: one place for each, its values and its bounds.

Adding an option takes a field here, the place where it acts, a field of `OptionsPatch` (app/services/options.py), from
which every interface derives its own, and a control on the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self, TypeAlias

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.hotwords import Hotword, stored_hotwords
from app.domain.replacements import ReplacementRule, stored_rules

CHANNELS = ("mix", "separate")
"""The channels of a recording mixed, or each separately."""
OFF, AUTOMATIC = "off", "auto"
MOST_SPEAKERS = 20
SPEAKERS = (OFF, AUTOMATIC, *(str(number) for number in range(2, MOST_SPEAKERS + 1)))
"""Whether speakers are told apart: not, as many as are found, or a known number of them."""
QUALITIES = ("fast", "balanced", "accurate")
DetectorName: TypeAlias = Literal["silero", "webrtcvad"]
SILERO: DetectorName = "silero"
WEBRTCVAD: DetectorName = "webrtcvad"
FALLBACK_DETECTOR = WEBRTCVAD  # needs no file, and older versions had no other
SILERO_FRAME_MS = 32
WEBRTCVAD_FRAME_MS = (30, 20, 10)
WEBRTCVAD_MODES = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class DetectorKind:
    """A detector as users choose it; app/engine/vad/detection.py has the implementation."""

    title: str
    strength: str
    """What it is good at; a translation key."""
    own_options: Mapping[str, tuple[int, ...]]
    """The fields of VadOptions that only this one has, with the values that each need a judgement of their own."""
    summary: Callable[[VadOptions], str]
    """Its own options as a line of a receipt."""
    step_ms: Callable[[VadOptions], int]
    """The length of one frame."""


DETECTORS: Mapping[DetectorName, DetectorKind] = {
    SILERO: DetectorKind(
        "Silero",
        N_("tells speech from music and noise"),
        {"threshold": ()},  # one judgement serves every threshold
        lambda options: f"Silero, threshold {options.threshold:g}",
        lambda _: SILERO_FRAME_MS,
    ),
    WEBRTCVAD: DetectorKind(
        "webrtcvad",
        N_("takes music and noise for speech, and costs less"),
        {"frame_ms": WEBRTCVAD_FRAME_MS, "mode": WEBRTCVAD_MODES},
        lambda options: f"webrtcvad, mode {options.mode}, {options.frame_ms} ms",
        lambda options: options.frame_ms,
    ),
}


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """The options of one recognition: the part that the engine needs."""

    language: str = "auto"
    """One of LANGUAGES. `zh` and `en` forbid the characters of the other language; `auto` allows both."""
    hotwords: tuple[Hotword, ...] = ()
    itn: bool = True
    """Write spoken numbers, dates and units as digits."""
    quality: str = "accurate"
    """One of QUALITIES: `fast` reads every frame alone, `balanced` searches, `accurate` reads the found texts again."""
    punctuation: bool = True
    """Punctuate what a model leaves without."""
    remove_fillers: bool = False
    """Leave out what people say while they think: um, uh, 嗯."""
    replacements: tuple[ReplacementRule, ...] = ()
    """Applied to the written text, in order."""


@dataclass(frozen=True, slots=True)
class VadOptions:
    """How speech is found. Lengths are in milliseconds.

    Raises:
        InvalidParameter: a value is out of its bounds, or two do not fit each other.
    """

    detector: DetectorName = SILERO
    """One of DETECTORS."""
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
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read stored options; without a detector they are from a version that had only webrtcvad."""
        return cls(**{"detector": FALLBACK_DETECTOR, **stored})

    def with_changes(self, **changes: Any) -> Self:
        """Return a copy with `changes`. An option of one detector implies that detector, unless one is named."""
        meant = changes.get("detector") or detector_meant(changes) or self.detector
        return replace(self, **{**changes, "detector": meant})

    @property
    def step_ms(self) -> int:
        """The length of one frame."""
        return DETECTORS[self.detector].step_ms(self)

    @property
    def summary(self) -> str:
        """The options that matter to this detector, in one line of a receipt."""
        own = DETECTORS[self.detector].summary(self)
        return f"{own}, silence {self.min_silence_ms} ms, at most {self.max_segment_ms} ms"

    def __post_init__(self) -> None:
        self._require("detector", self.detector in DETECTORS, N_("it must be silero or webrtcvad"))
        self._require("threshold", 0 <= self.threshold <= 1, N_("it must be between 0 and 1"))
        self._require("mode", self.mode in WEBRTCVAD_MODES, N_("it must be 0, 1, 2 or 3"))
        self._require("frame_ms", self.frame_ms in WEBRTCVAD_FRAME_MS, N_("it must be 10, 20 or 30"))
        for name in ("min_speech_ms", "min_silence_ms", "speech_pad_ms"):
            self._require(name, getattr(self, name) >= 0, N_("it must not be negative"))
        self._require("max_segment_ms", self.max_segment_ms >= 1000, N_("it must be at least 1000"))
        fits = self.speech_pad_ms * 4 <= self.max_segment_ms
        self._require("speech_pad_ms", fits, N_("it must be at most a quarter of max_segment_ms"))

    def _require(self, name: str, holds: bool, reason: str) -> None:
        if not holds:
            raise InvalidParameter(name=name, reason=reason)


def detector_meant(names: Iterable[str]) -> DetectorName | None:
    """Return the detector whose own options are among `names`; the first of DETECTORS if several match."""
    named = set(names)
    return next((name for name, kind in DETECTORS.items() if named & kind.own_options.keys()), None)


@dataclass(frozen=True, slots=True)
class TranscriptionOptions(RecognitionOptions):
    """The options of one transcription."""

    channels: str = "mix"
    """One of CHANNELS."""
    track: int = 0
    """The sound track to read, counted from 1; 0 for the first one, or the loudest if that is silent."""
    vad: VadOptions = field(default_factory=VadOptions)
    model: str = ""
    """Name of the model to use, in a separate process; empty for the active model."""
    speakers: str = OFF
    """One of SPEAKERS."""

    @property
    def recognition(self) -> RecognitionOptions:
        """The part that the engine needs."""
        return RecognitionOptions(**{each.name: getattr(self, each.name) for each in fields(RecognitionOptions)})

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form: plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the output of `to_dict` of this or an older version; missing options get their defaults."""
        read = {
            "hotwords": stored_hotwords(stored["hotwords"]),
            "vad": VadOptions.from_dict(stored["vad"]),
            "replacements": stored_rules(stored.get("replacements", ())),
        }
        return cls(**{**stored, **read})
