"""Hears what the voices of a recording are like, and compares them with those that somebody knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.domain.errors.base import AppError
from app.domain.errors.voices import SpeakerModelMissing
from app.domain.speakers import SpeakerTurn
from app.domain.speakers.known_voices import HeardVoice, KnownVoice, Stretch, VoiceProposal, alone, proposals
from app.engine import Waveform
from app.engine.catalog.speaker_folder import voice_model
from app.engine.speakers import SpeakerModel
from app.engine.speakers.voices import voice_of

Check: TypeAlias = Callable[[], None]
Read: TypeAlias = Callable[[float, float], Waveform]
"""Returns the samples between two times in seconds."""


@dataclass(frozen=True, slots=True)
class HeardVoices:
    """What each speaker sounds like; whoever says too little is absent."""

    model: str
    voices: Mapping[int, HeardVoice]


@dataclass(frozen=True, slots=True)
class VoiceHearing:
    model_folder: Callable[[], Path | None]
    """Returns where the model of speakers is; None if there is no whole one."""
    open_model: Callable[[Path, Check], SpeakerModel]
    """Returns the model in a folder, which calls the check before each computation."""

    def model(self) -> str | None:
        """Return the name and checksum of the model that is installed; None without one."""
        folder = self.model_folder()
        try:
            return voice_model(folder) if folder else None
        except AppError:  # damaged
            return None

    def hear(self, read: Read, stretches: Mapping[int, Sequence[Stretch]], check: Check = lambda: None) -> HeardVoices:
        """Return the voices of some speakers.

        Args:
            read: the recording.
            stretches: where each of them alone speaks.
            check: is called before each computation, and may raise.

        Raises:
            SpeakerModelMissing
            AppError: it cannot be loaded, or fails.
        """
        folder = self.model_folder()
        if folder is None:
            raise SpeakerModelMissing
        name, model = voice_model(folder), self.open_model(folder, check)
        heard = {speaker: voice_of(read, spans, model) for speaker, spans in stretches.items()}
        voices = {
            speaker: HeardVoice(tuple(voice.unit.tolist()), voice.is_narrow)
            for speaker, voice in heard.items()
            if voice
        }
        return HeardVoices(name, voices)

    def proposals(
        self, turns: Sequence[SpeakerTurn], read: Read, known: Sequence[KnownVoice], check: Check = lambda: None
    ) -> tuple[VoiceProposal, ...]:
        """Return whom the speakers of a recording may be.

        Raises:
            AppError: see `hear`.
        """
        heard = self.hear(read, alone(turns), check)
        return proposals(heard.voices, heard.model, known)
