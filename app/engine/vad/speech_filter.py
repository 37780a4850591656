"""Withholds text where a second VAD hears no speech, for any engine.

webrtcvad takes music and noise for voices; a model that must say something then invents words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.domain.options import RecognitionOptions
from app.domain.transcript import Applied
from app.engine import Engine, EngineInfo, Hypothesis, Utterance, Waveform

NO_SPEECH = Hypothesis("", "", None, dropped="no_speech")


class SpeechFinder(Protocol):
    """Hears where somebody speaks."""

    @property
    def name(self) -> str:
        """What the receipt says was used."""
        ...

    def spans(self, waveform: Waveform) -> Sequence[tuple[float, float]]:
        """Return start and end of each stretch of speech, in seconds."""
        ...


class SpeechFilteredEngine:
    """An Engine that asks another only for what holds speech."""

    def __init__(self, engine: Engine, finder: SpeechFinder) -> None:
        self._engine = engine
        self._finder = finder

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return one hypothesis per utterance, in order; see Engine."""
        spoken = [each for each in utterances if self._finder.spans(each.waveform)]
        heard = {id(each): text for each, text in zip(spoken, self._engine.transcribe(spoken), strict=True)}
        return [heard.get(id(each), NO_SPEECH) for each in utterances]

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        """Say what each option became, and what listened for speech."""
        name = self._finder.name
        return (*self._engine.receipt(options), Applied("speech_check", name, name))
