"""The words that every layer shares: what was said, when, and how it was asked for. Times are seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.errors import N_

NO_SPEECH = N_("No speech was found in the recording.")


@dataclass(frozen=True, slots=True)
class Applied:
    """One line of a receipt: what was asked, what was really used, and why they differ."""

    name: str
    asked: str
    applied: str
    reason: str = ""
    """Empty where asked and applied agree. English, its own translation key; figures may follow after ": "."""


@dataclass(frozen=True, slots=True)
class Word:
    """A Chinese character, a Latin word, or what is written for several of them ("2025年", "35%").

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
    """As spoken, where that differs from `text`."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of speech, at most as long as the longest segment of the voice activity detection."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    text: str
    """What the person reads."""
    text_raw: str
    """As the model said it."""
    confidence: float | None = None
    """Mean probability of the characters or pieces, 0 to 1."""
    words: tuple[Word, ...] = ()
    """In order; empty where the model gives no times."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "text": self.text,
            "text_raw": self.text_raw,
            "confidence": None if self.confidence is None else round(self.confidence, 4),
        }


class HotwordStatus(StrEnum):
    MATCHED = "matched"
    NOT_HEARD = "not_heard"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class HotwordOutcome:
    """What became of one hotword in one transcript."""

    word: str
    weight: float
    status: HotwordStatus
    places: tuple[tuple[float, float], ...] = ()
    """Start and end of each match, in seconds of the recording."""
    unknown: str = ""
    """The characters that the model cannot write, where the word is unusable."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The text of one recording, by segments, with the receipt of how it was made."""

    segments: tuple[Segment, ...]
    language: str
    """`zh`, `en`, `zh-en` where both were heard, or `none` without text."""
    duration: float
    model: str
    device: str
    receipt: tuple[Applied, ...] = ()
    warnings: tuple[str, ...] = ()
    """What the reader should know of the recording, in English; each its own translation key."""
    hotwords: tuple[HotwordOutcome, ...] = ()
    """What became of each that was asked for."""

    @property
    def text(self) -> str:
        return join_texts(segment.text for segment in self.segments)

    @property
    def text_raw(self) -> str:
        return join_texts(segment.text_raw for segment in self.segments)


def join_texts(texts: Iterable[str]) -> str:
    """Join the texts of segments; a space stands only where Latin letters or digits would touch."""
    joined = ""
    for text in filter(None, map(str.strip, texts)):
        glue = " " if joined and _needs_space(joined[-1], text[0]) else ""
        joined += glue + text
    return joined


def detect_language(text: str) -> str:
    """Name the language by script: `zh`, `en`, `zh-en` where both are there, `none` without letters."""
    has_han = any("\u4e00" <= character <= "\u9fff" for character in text)
    has_latin = any(character.isascii() and character.isalpha() for character in text)
    return {(True, True): "zh-en", (True, False): "zh", (False, True): "en"}.get((has_han, has_latin), "none")


def _needs_space(left: str, right: str) -> bool:
    """Latin text is separated by spaces, also after its own punctuation; Chinese is not."""
    return left.isascii() and right.isascii() and (right.isalnum() or right in "\"'(")
