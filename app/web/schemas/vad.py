"""What the REST API answers about speech detection, field by field. Times are seconds from the beginning."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, Strict

from app.domain.options import DetectorName
from app.services.missing_text import Why
from app.web.schemas.base import RequestBody
from app.web.schemas.models import NeedsAnswer
from app.web.schemas.sounds import SoundBands
from app.web.schemas.transcriptions import ErrorDetail


class VadOptionsAnswer(BaseModel):
    """How speech is found; lengths in milliseconds."""

    detector: DetectorName = Field(examples=["silero"])
    threshold: float = Field(description="Of silero.", examples=[0.7])
    mode: int = Field(description="Of webrtcvad.", examples=[2])
    frame_ms: int = Field(description="Of webrtcvad.", examples=[30])
    max_segment_ms: int = Field(examples=[30000])
    min_speech_ms: int = Field(examples=[200])
    min_silence_ms: int = Field(examples=[700])
    speech_pad_ms: int = Field(examples=[300])


class Stretch(BaseModel):
    """One stretch of speech, and its text where somebody asked for it."""

    start: float = Field(examples=[0.69])
    end: float = Field(examples=[3.3])
    duration: float = Field(examples=[2.61])
    state: Literal["none", "waiting", "done", "failed"] = Field(
        description="Of the text: `none` until somebody asks for it.", examples=["done"]
    )
    text: str = Field(examples=["今天天气很好。"])
    error: ErrorDetail | None = Field(description="Why it failed.", examples=[None])


class MissingRule(BaseModel):
    """One reason why stretches have no text, in the reader's language."""

    rule: Why = Field(examples=["too_quiet"])
    title: str = Field(examples=["Too quiet"])
    advice: str = Field(examples=["Mostly below -60 dBFS: silence, or a voice too far away to be understood."])
    count: int = Field(examples=[12])
    seconds: float = Field(examples=[31.2])


class MissingStretch(BaseModel):
    """One stretch without text."""

    start: float = Field(examples=[3.3])
    end: float = Field(examples=[4.7])
    duration: float = Field(examples=[1.4])
    rule: Why = Field(examples=["too_quiet"])
    error: ErrorDetail | None = Field(description="Why it failed.", examples=[None])


class MissingList(BaseModel):
    """A window on the stretches without text."""

    state: Literal["reading", "ready"] = Field(
        description="`reading` until the recording has been read again.", examples=["ready"]
    )
    total: int = Field(description="Stretches of the asked rules.", examples=[14])
    offset: int = Field(examples=[0])
    rules: list[MissingRule] = Field(description="Every rule that was met, with what it took.")
    items: list[MissingStretch]


class Speech(BaseModel):
    """The speech that these options find."""

    options: VadOptionsAnswer
    total: int = Field(description="Stretches of speech.", examples=[8])
    offset: int = Field(examples=[0])
    speech_seconds: float = Field(examples=[41.2])
    texts_waiting: int = Field(description="Texts that were asked for and are not there yet.", examples=[0])
    texts_done: int = Field(examples=[0])
    advice: str = Field(description="What to do where no speech was found; else empty.", examples=[""])
    segments: list[Stretch] = Field(description="From `offset` on, at most `limit`.")
    marks: list[tuple[float, float]] = Field(
        description="Start and end of all speech within the view; neighbours too near to be told apart are one.",
        examples=[[(0.69, 3.3)]],
    )
    missing: MissingList


class SoundEvents(SoundBands):
    """The same, where the extra that hears them is installed."""

    state: Literal["absent", "waiting", "ready", "failed"] = Field(
        description="`absent`: the extra is not installed; `waiting` until the recording has been heard.",
        examples=["ready"],
    )
    needs: NeedsAnswer | None = Field(
        description="What hears them and is not installed; `POST /vad/events/install` does that.", examples=[None]
    )


class VadAnswer(BaseModel):
    """A recording that is looked at for its speech."""

    id: str = Field(examples=["5f0c2e9b1a44d0e1"])
    name: str = Field(examples=["会议 (1).MP3"])
    state: Literal["reading", "ready"] = Field(description="`reading` until its samples are there.", examples=["ready"])
    transcription: str | None = Field(description="Whose recording it is, if any.", examples=[None])
    duration: float | None = Field(description="Seconds, once it has been read.", examples=[60.2])
    channels: int | None = Field(description="Of the source; speech is sought in their mean.", examples=[2])
    warnings: list[str] = Field(description="What the reader should know of the recording.", examples=[[]])
    peaks: list[tuple[int, int]] = Field(
        description="Lowest and highest sample of equal stretches, -127 to 127; empty while it is being read.",
        examples=[[(-12, 14)]],
    )
    speech: Speech | None = Field(description="Null while it is being read.")
    events: SoundEvents | None = Field(description="Null while it is being read.")


class VadPeaks(BaseModel):
    """The picture of a part of a recording."""

    start: float = Field(examples=[0.0])
    end: float = Field(examples=[60.2])
    peaks: list[tuple[int, int]] = Field(
        description="Lowest and highest sample of equal stretches, -127 to 127.", examples=[[(-12, 14)]]
    )


class TextsWanted(RequestBody):
    """Which stretches are to be read."""

    segments: list[Annotated[tuple[float, float], Strict(strict=False)]] | None = Field(
        default=None,
        max_length=2000,
        description="Start and end in seconds, as they were listed; null reads all that these options find.",
        examples=[[[0.69, 3.3]]],
    )
    language: str = Field(default="auto", description="What is spoken.", examples=["zh"])


class TextsAsked(BaseModel):
    """What will be read."""

    asked: int = Field(description="Stretches that had no text yet.", examples=[8])
