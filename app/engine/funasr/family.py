"""The interface of every network family: recognising waveforms, and its abilities."""

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
    """A network's result for one waveform."""

    text: str
    """The network's output without tags."""
    words: tuple[Word, ...] = ()
    """The same with times; empty if the network gives none."""
    confidence: float | None = None
    """Mean probability of the tokens, 0 to 1; None if the network gives none."""
    facts: tuple[Applied, ...] = ()
    """Receipt lines for this waveform only."""
    is_written: bool = False
    """Whether digits and punctuation are already applied."""
    emotion: str = ""
    """See Hypothesis."""
    events: tuple[str, ...] = ()
    """See Hypothesis."""
    language: str = ""
    """See Hypothesis."""
    dropped: str = ""
    """Why the text is suppressed; see Hypothesis."""


class Family(Protocol):
    """One type of network."""

    languages: Mapping[str, str | None]
    """Language codes to the network's names."""
    abilities: tuple[str, ...]
    """Of `times`, `hotwords`, `punctuation` and `itn`."""
    no_times: Reason | None
    """Why it gives no times, if it does not."""
    marks_need_itn: bool
    """Whether it punctuates only with ITN."""
    can_batch: bool
    """Whether batching does not change the results."""
    searches: Mapping[str, str]
    """Search name by quality; empty if there is only one way of decoding."""

    def read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Reading]:
        """Recognise non-empty waveforms with the same options, in order."""
        ...

    def unusable(self, hotwords: Sequence[Hotword], /) -> tuple[tuple[Hotword, str], ...]:
        """Return the unusable hotwords, each with the unsupported characters."""
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
    """Return the CTC result from each token's text, with separating spaces, and its frames."""
    words = spoken_words(spans, range(len(pieces)), Tokenizer(tuple(pieces)), LFR_TIMES, waveform)
    return Reading(text, words, confidence(spans))


def duration(waveform: Waveform) -> float:
    return len(waveform) / SAMPLE_RATE


def single_precision(asked: str) -> Applied:
    """Return the receipt line of a network that always computes in float32."""
    return Applied("dtype", asked, "float32", None if asked in ("auto", "float32") else SINGLE_PRECISION)
