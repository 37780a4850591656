"""The types shared by every layer: what was said, when, and with which options. Times are in seconds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any, Self

from app.domain.errors.base import N_, Reason
from app.domain.errors.requests import InvalidParameter
from app.domain.languages import AUTO, RARER, TRADITIONAL
from app.domain.reasons import COUNTED, reason_from

CLAUSE_MARKS = ",.!?;:"
CLOSING = frozenset(CLAUSE_MARKS + "%)]}’”…")
PARTED = "0-9A-Za-z\u00c0-\u024f\u1100-\u11ff\uac00-\ud7a3"  # Latin, Korean, digits: separated by spaces
LEADING_RUN = re.compile(f"^[{PARTED}]+")
SPOKEN = re.compile(r"[0-9A-Za-z\u00c0-\u024f']+|\w")  # a Latin word or a Chinese character
TRAILING_RUN = re.compile(f"[{PARTED}]+$")
LINE_LENGTHS = (10, 200)
LINES = (1, 4)
CUE_SECONDS = (0.0, 60.0)
LONGEST_NAME = 40
SEPARATOR = ","  # between names of channels
CHANNEL_NAME = N_("Channel {number}")
SPEAKER_NAME = N_("Speaker {number}")
EMOTIONS = {
    "neutral": N_("Neutral"),
    "happy": N_("Happy"),
    "sad": N_("Sad"),
    "angry": N_("Angry"),
    "fearful": N_("Fearful"),
    "disgusted": N_("Disgusted"),
    "surprised": N_("Surprised"),
}
"""Emotions that models detect, and their labels."""
EVENTS = {
    "music": N_("Music"),
    "applause": N_("Applause"),
    "laughter": N_("Laughter"),
    "crying": N_("Crying"),
    "cough": N_("Cough"),
    "sneeze": N_("Sneeze"),
    "breath": N_("Breath"),
    "singing": N_("Singing"),
}
"""Other events that models detect, and their labels."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One line of a receipt: what was requested, what was applied, and why they differ."""

    name: str
    asked: str
    applied: str
    reason: Reason | None = None
    """None if requested and applied agree."""

    def told(self, translate: Callable[[str], str] = str) -> dict[str, str]:
        """Return the line with its reason as text."""
        reason = self.reason.told(translate) if self.reason else ""
        return {"name": self.name, "asked": self.asked, "applied": self.applied, "reason": reason}

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        reason = self.reason.to_dict() if self.reason else None
        return {"name": self.name, "asked": self.asked, "applied": self.applied, "reason": reason}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Applied:
        return cls(stored["name"], stored["asked"], stored["applied"], reason_from(stored.get("reason")))


def merge_receipts(earlier: Iterable[Applied], later: Iterable[Applied]) -> tuple[Applied, ...]:
    """Return one line per option: the later one, unless only the earlier one has a reason; what is counted is summed up."""
    lines = {(line.name, line.asked): line for line in earlier}
    for line in later:
        known = lines.get((line.name, line.asked))
        if known and known.reason and line.reason and known.reason.code == line.reason.code in COUNTED:
            count = int(known.reason.params["count"]) + int(line.reason.params["count"])
            lines[line.name, line.asked] = replace(line, reason=line.reason.of(count=count))
        elif line.reason or not (known and known.reason):
            lines[line.name, line.asked] = line
    return tuple(lines.values())


@dataclass(frozen=True, slots=True)
class Word:
    """A Chinese character, a Latin word, or the written form of several of them ("2025年", "35%").

    Punctuation belongs to the word before it. The words of a segment map its raw text to its written text: without
    white space, their `text` joined is the segment's `text`, and their `raw or text` joined is its `text_raw`.
    """

    text: str
    """What the person reads."""
    start: float
    """Seconds from the beginning of the recording (of the waveform inside the engine)."""
    end: float
    confidence: float
    """Probability, 0 to 1."""
    raw: str = ""
    """The spoken form, if it differs from `text`."""
    was: str = ""
    """What was written before a rule of replacement, or before a filler was left out; else empty."""

    def later(self, seconds: float) -> Word:
        """Return the word with its times moved by `seconds`."""
        return replace(self, start=self.start + seconds, end=self.end + seconds)

    def to_dict(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "confidence": round(self.confidence, 4),
            "raw": self.raw,
        } | ({"was": self.was} if self.was else {})


@dataclass(frozen=True, slots=True)
class Segment:
    """A span of speech, at most as long as the maximum segment of the voice activity detection."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    text: str
    """What the person reads."""
    text_raw: str
    """The model's output."""
    confidence: float | None = None
    """Mean probability of the characters or pieces, 0 to 1."""
    words: tuple[Word, ...] = ()
    """In order; empty if the model gives no times."""
    channel: int | None = None
    """Counted from 1; None if the channels were mixed."""
    emotion: str = ""
    """One of EMOTIONS; empty if the model detects none."""
    events: tuple[str, ...] = ()
    """Of EVENTS."""
    language: str = ""
    """As detected by the model; empty if it detects none, or the language was given."""
    speaker: int | None = None
    """Counted from 1 in the order in which they are first heard; None if the speakers were not told apart."""

    def to_dict(self) -> dict[str, Any]:
        """Return it for programs; `speaker` is there only where speakers were told apart."""
        told = {} if self.speaker is None else {"speaker": self.speaker}
        return told | {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "text": self.text,
            "text_raw": self.text_raw,
            "confidence": rounded(self.confidence),
            "words": [word.to_dict() for word in self.words],
            "channel": self.channel,
            "emotion": self.emotion,
            "events": list(self.events),
            "language": self.language,
        }


class HotwordStatus(StrEnum):
    MATCHED = "matched"
    NOT_HEARD = "not_heard"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class HotwordOutcome:
    """The outcome of one hotword in one transcript."""

    word: str
    weight: float
    status: HotwordStatus
    places: tuple[tuple[float, float], ...] = ()
    """Start and end of each match, in seconds of the recording."""
    unknown: str = ""
    """The characters that the model cannot write, if the word is unusable."""


@dataclass(frozen=True, slots=True)
class ExportStyle:
    """What a person may choose of a file.

    Raises:
        InvalidParameter: a value is out of its bounds, or two do not fit each other.
    """

    line_length: int = 42
    """Columns of a line of subtitles; a Chinese character takes two."""
    lines: int = 1
    """Lines of a cue."""
    cue_min_s: float = 0.0
    """A shorter cue stays until the next one begins."""
    cue_max_s: float = 7.0
    """Longer speech is cut into several cues."""
    channel_names: tuple[str, ...] = ()
    """Who speaks on the channels, in their order; one without a name keeps its number."""

    def __post_init__(self) -> None:
        self._require("line_length", LINE_LENGTHS[0] <= self.line_length <= LINE_LENGTHS[1], N_("it must be 10 to 200"))
        self._require("lines", LINES[0] <= self.lines <= LINES[1], N_("it must be 1 to 4"))
        for name in ("cue_min_s", "cue_max_s"):
            is_inside = CUE_SECONDS[0] <= getattr(self, name) <= CUE_SECONDS[1]
            self._require(name, is_inside, N_("it must be 0 to 60 seconds"))
        self._require(
            "cue_max_s", self.cue_max_s >= max(1.0, self.cue_min_s), N_("it must be at least 1 and cue_min_s")
        )
        is_short = max(map(len, self.channel_names), default=0) <= LONGEST_NAME
        self._require("channel_names", is_short, N_("a name is longer than 40 characters"))

    @classmethod
    def of(cls, channel_names: str = "", **values: float | None) -> Self:
        """Return the style for what a person wrote; names are parted by commas, and None is the usual value."""
        names = tuple(name.strip() for name in channel_names.split(SEPARATOR)) if channel_names.strip() else ()
        given = {name: value for name, value in values.items() if value is not None}
        return cls(**given, channel_names=names)  # type: ignore[arg-type]  # the interfaces check the types

    def name_of(self, channel: int) -> str:
        """Return the name of a channel, counted from 1; empty if it has none."""
        return self.channel_names[channel - 1] if channel <= len(self.channel_names) else ""

    def _require(self, name: str, holds: bool, reason: str) -> None:
        if not holds:
            raise InvalidParameter(name=name, reason=reason)


USUAL_STYLE = ExportStyle()


@dataclass(frozen=True, slots=True)
class Transcript:
    """The text of one recording, by segments, with the receipt of how it was made."""

    segments: tuple[Segment, ...]
    language: str
    """From `detect_language`; `none` without text."""
    duration: float
    model: str
    device: str
    receipt: tuple[Applied, ...] = ()
    warnings: tuple[Reason, ...] = ()
    """Warnings about the recording."""
    hotwords: tuple[HotwordOutcome, ...] = ()
    """The outcome of each requested one."""
    channel_name: str = CHANNEL_NAME
    """Label of a channel that nobody named."""
    style: ExportStyle = USUAL_STYLE
    speaker_name: str = SPEAKER_NAME
    """Label of a speaker whom nobody named."""
    speaker_names: Mapping[int, str] = field(default_factory=dict)
    channel_names: Mapping[int, str] = field(default_factory=dict)
    """By the number of the speaker or the channel."""

    def voice_of(self, segment: Segment) -> str:
        """Return the label of a segment's speaker, or else of its channel; empty if neither was told apart."""
        if segment.speaker is not None:
            return self.speaker_names.get(segment.speaker) or self.speaker_name.format(number=segment.speaker)
        return self.channel_of(segment)

    def channel_of(self, segment: Segment) -> str:
        """Return the label of a segment's channel; empty if the channels were mixed."""
        if (number := segment.channel) is None:
            return ""
        return self.style.name_of(number) or self.channel_names.get(number) or self.channel_name.format(number=number)

    def in_order(self) -> Transcript:
        """Return a copy with its segments sorted by start: those of several channels may overlap in any way."""
        return replace(self, segments=tuple(sorted(self.segments, key=lambda each: (each.start, each.channel or 0))))

    @property
    def text(self) -> str:
        return join_texts(segment.text for segment in self.segments)

    @property
    def text_raw(self) -> str:
        return join_texts(segment.text_raw for segment in self.segments)

    @property
    def confidence(self) -> float | None:
        """Return the mean probability over all segments."""
        return mean_confidence(self.segments)


def mean_confidence(segments: Iterable[Segment]) -> float | None:
    """Return the mean of the segments' confidence, weighted by their words; None if none has any."""
    weights = [(s.confidence, len(SPOKEN.findall(s.text_raw))) for s in segments if s.confidence is not None]
    total = sum(weight for _, weight in weights)
    return sum(confidence * weight for confidence, weight in weights) / total if total else None


def rounded(confidence: float | None) -> float | None:
    """Return a confidence as shown in files and responses."""
    return None if confidence is None else round(confidence, 4)


def join_texts(texts: Iterable[str]) -> str:
    """Join the texts of words or segments with the spacing of their scripts: 用 Python 写了35行, not 用Python写了 35 行."""
    parts = list(filter(None, map(str.strip, texts)))
    spaced = [(" " if needs_space(left, right) else "") + right for left, right in pairwise(parts)]
    return "".join(parts[:1] + spaced)


def needs_space(left: str, right: str) -> bool:
    """Return whether a space separates two texts: around Latin and Korean words, not Chinese, its marks and numbers."""
    last, first = left[-1], right[0]
    if not (is_wide(last) or is_wide(first)):
        return first not in CLOSING
    if is_wide(last):
        return last.isalnum() and not is_wide(first) and _has_letter(LEADING_RUN, right)
    return first.isalnum() and (last in CLAUSE_MARKS or _has_letter(TRAILING_RUN, left))


def is_wide(character: str) -> bool:
    """Return whether a character is written without spaces: Chinese, Japanese and full-width marks; not Korean."""
    return unicodedata.east_asian_width(character) in "WF" and not is_hangul(character)


def is_hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3" or "\u1100" <= character <= "\u11ff"


def detect_language(text: str, asked: str = AUTO) -> str:
    """Return the language by script: `zh`, `en`, `zh-en` for both, `none` without letters.

    An `asked` language that cannot be identified by its script is trusted.

    Kana mean `ja` and Hangul `ko`; non-English Latin letters count as English.
    """
    if asked in RARER and asked != TRADITIONAL and any(map(str.isalpha, text)):
        return asked
    if any("\u3041" <= character <= "\u30fa" for character in text):
        return "ja"
    if any(map(is_hangul, text)):
        return "ko"
    has_han = any("\u4e00" <= character <= "\u9fff" for character in text)
    has_latin = any(character.isascii() and character.isalpha() for character in text)
    return {(True, True): "zh-en", (True, False): "zh", (False, True): "en"}.get((has_han, has_latin), "none")


def _has_letter(run: re.Pattern[str], text: str) -> bool:
    found = run.search(text)
    return found is not None and any(map(str.isalpha, found[0]))
