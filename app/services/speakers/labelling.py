"""The step of a job that tells who spoke when. It never costs a text: what hinders it is a reason in the receipt."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.domain.errors.base import AppError, Problem
from app.domain.options import AUTOMATIC
from app.domain.reasons import BY_CHANNELS, NO_SPEAKER_MODEL, NO_VOICES, SPEAKERS_FAILED
from app.domain.speakers import SpeakerTurn
from app.domain.transcript import Applied, Segment
from app.engine.audio.decoding import read_waveform
from app.engine.audio.samples import channel_file
from app.engine.speakers.diarizer import Diarization, diarize
from app.logging import event
from app.services.speakers.voice_hearing import Check, VoiceHearing

OPTION = "speakers"
NONE = "-"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Labels:
    """The speakers of a job, and the line of its receipt."""

    line: Applied
    model: str = ""
    turns: tuple[SpeakerTurn, ...] = ()
    embeddings: bytes = b""
    """What the turns sound like, as it is stored."""


@dataclass(frozen=True, slots=True)
class SpeakerLabeller:
    hearing: VoiceHearing
    knows_voices: bool = True
    """Whether known voices are looked for."""

    def label(
        self, asked: str, segments: Sequence[Segment], duration: float, audio: Path, check: Check = lambda: None
    ) -> Labels:
        """Return who speaks when in the segments of a recording; `check` is called every few seconds, and may raise.

        Args:
            asked: one of app.domain.options.SPEAKERS, but not OFF.
            segments: where somebody speaks.
            duration: of the recording, in seconds.
            audio: its samples, written by `decode`.
            check: what it raises passes through.
        """
        folder = self.hearing.model_folder()
        if folder is None:
            return Labels(Applied(OPTION, asked, NONE, NO_SPEAKER_MODEL))
        if any(segment.channel for segment in segments):
            return Labels(Applied(OPTION, asked, NONE, BY_CHANNELS))
        began = time.monotonic()
        try:
            model = self.hearing.open_model(folder, check)
            read = partial(read_waveform, channel_file(audio, None))
            spans = [(segment.start, segment.end) for segment in segments]
            found = diarize(read, duration, spans, model, None if asked == AUTOMATIC else int(asked))
        except AppError as error:
            event(_log, logging.ERROR, "speakers_failed", exc_info=True)
            return Labels(failure_line(asked, error.problem))
        return _labels(asked, found, model.info.name, round(time.monotonic() - began, 2))


def _labels(asked: str, found: Diarization, model: str, seconds: float) -> Labels:
    speakers = len({turn.speaker for turn in found.turns})
    event(_log, logging.INFO, "speakers_found", speakers=speakers, turns=len(found.turns), seconds=seconds)
    line = Applied(OPTION, asked, str(speakers), None if found.turns else NO_VOICES)
    return Labels(line, model, found.turns, found.embeddings.to_bytes() if found.embeddings else b"")


def failure_line(asked: str, problem: Problem) -> Applied:
    """Return the line of a receipt whose speakers could not be told apart."""
    return Applied(OPTION, asked, NONE, SPEAKERS_FAILED.of(detail=problem.explained()["message"]))


def no_model() -> Path | None:
    """Say that there is no model of speakers."""
    return None
