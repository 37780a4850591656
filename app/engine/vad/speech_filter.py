"""Suppresses text where a second VAD finds no speech, for any engine.

webrtcvad takes music and noise for speech, for which models invent words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.domain.options import RecognitionOptions
from app.domain.transcript import Applied
from app.engine import Engine, EngineInfo, Hypothesis, Utterance, Waveform

NO_SPEECH = Hypothesis("", "", None, dropped="no_speech")


class SpeechFinder(Protocol):
    """Detects speech."""

    @property
    def name(self) -> str:
        """Name for the receipt."""
        ...

    def spans(self, waveform: Waveform) -> Sequence[tuple[float, float]]:
        """Return start and end of each speech span, in seconds."""
        ...


class SpeechFilteredEngine:
    """An Engine that passes only utterances with speech to another."""

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
        """Return how each option was applied, and which detector was used."""
        name = self._finder.name
        return (*self._engine.receipt(options), Applied("speech_check", name, name))
