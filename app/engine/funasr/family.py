"""What the engine asks of every family of networks: what it reads in waveforms, and what it can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from app.domain.errors.base import Reason
from app.domain.hotwords import Hotword
from app.domain.options import RecognitionOptions
from app.domain.reasons import SINGLE_PRECISION
from app.domain.transcript import Applied, Word
from app.engine import SAMPLE_RATE, Waveform
from app.engine.tokens.alignment import TokenSpan, confidence
from app.engine.tokens.tokenizer import Tokenizer
from app.engine.tokens.words import FrameTimes, spoken_words

# One frame stands for six of 10 ms, around the middle one of the seven that it sees.
LFR_TIMES = FrameTimes(first_centre=0.0125, step=0.06)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a network read in one waveform."""

    text: str
    """As the network said it, without its tags."""
    words: tuple[Word, ...] = ()
    """The same with times; empty where the network gives none."""
    confidence: float | None = None
    """Mean probability of the tokens, 0 to 1; None where the network tells none."""
    facts: tuple[Applied, ...] = ()
    """What it told about this waveform alone."""
    is_written: bool = False
    """With digits and marks, as people write."""
    emotion: str = ""
    """See Hypothesis."""
    events: tuple[str, ...] = ()
    """See Hypothesis."""
    language: str = ""
    """See Hypothesis."""
    dropped: str = ""
    """Why no text is to be shown; see Hypothesis."""


class Family(Protocol):
    """One kind of network."""

    languages: Mapping[str, str | None]
    """Codes to what the network calls them."""
    abilities: tuple[str, ...]
    """Of `times`, `hotwords`, `punctuation` and `itn`."""
    no_times: Reason | None
    """Why it gives no times, where it gives none."""
    marks_need_itn: bool
    """It punctuates only what it writes with digits."""
    can_batch: bool
    """Several waveforms at once give what each gives alone."""
    searches: Mapping[str, str]
    """Name of the search of each quality; empty where there is one way of decoding."""

    def read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Reading]:
        """Read waveforms that are not empty, in order; the options are the same for all."""
        ...

    def unusable(self, hotwords: Sequence[Hotword], /) -> tuple[tuple[Hotword, str], ...]:
        """Return the hotwords that cannot be used, each with the characters that are to blame."""
        ...


@dataclass(frozen=True, slots=True)
class Placed:
    """A family with its network on a device, and how it came there."""

    family: Family
    device: torch.device
    dtype: str
    parameters: int
    receipt: tuple[Applied, ...]
    """Device and dtype: asked, applied, why."""
    versions: tuple[tuple[str, str], ...]


def read_from_frames(text: str, pieces: Sequence[str], spans: Sequence[TokenSpan], waveform: Waveform) -> Reading:
    """Return what CTC read: the text of each token, with the spaces that part it from others, and its frames."""
    words = spoken_words(spans, range(len(pieces)), Tokenizer(tuple(pieces)), LFR_TIMES, waveform)
    return Reading(text, words, confidence(spans))


def duration(waveform: Waveform) -> float:
    return len(waveform) / SAMPLE_RATE


def single_precision(asked: str) -> Applied:
    """Return the line of the receipt of a network that computes in float32, whatever was asked."""
    return Applied("dtype", asked, "float32", None if asked in ("auto", "float32") else SINGLE_PRECISION)
