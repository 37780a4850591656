"""What the REST API answers about comparisons, field by field."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from app.domain.states import JobState
from app.services.options import OptionsPatch
from app.web.schemas.base import RequestBody
from app.web.schemas.transcriptions import ErrorDetail, Moment, Options, Progress


class Variant(OptionsPatch):
    """How the recording is to be read once; what is left out is as for every other recording."""

    model: str = Field(description="Name of a model that is here.", max_length=210, examples=["whisper-base"])


class ReferenceText(RequestBody):
    """What was really said."""

    reference: str = Field(description="Empty takes it back.", examples=["今天天气很好。"])


class ErrorCount(BaseModel):
    """How far a text is from what was said."""

    rate: float = Field(description="Wrong, missing and added ones for each that was said.", examples=[0.0812])
    kind: Literal["cer", "wer"] = Field(
        description="Whether characters (`cer`) or words (`wer`) were counted.", examples=["cer"]
    )
    wrong: int = Field(description="Wrong, missing and added ones.", examples=[13])
    total: int = Field(description="What was said.", examples=[160])


class ReadingAnswer(BaseModel):
    """One reading of the recording."""

    transcription: str = Field(description="Id of its transcription.", examples=["5f0c2e9b1a44d771"])
    model: str = Field(examples=["whisper-base"])
    title: str = Field(description="What people call the model.", examples=["Whisper base"])
    is_in_use: bool = Field(description="Whether that model reads everything else.", examples=[False])
    options: Options
    state: JobState = Field(examples=["succeeded"])
    progress: Progress
    error: ErrorDetail | None = Field(description="Why it failed.", examples=[None])
    errors: ErrorCount | None = Field(description="Null without a reference, and until it has ended.", examples=[None])
    real_time_factor: float | None = Field(
        description="Seconds of work for one of sound, without the loading of the model; null until it has succeeded.",
        examples=[0.12],
    )
    memory_bytes: int | None = Field(
        description="The most that its process took, without the graphics card; null until it has ended.",
        examples=[612_000_000],
    )
    device: str | None = Field(examples=["cpu"])


class DifferencePiece(BaseModel):
    """A stretch of a text."""

    text: str = Field(examples=["今天"])
    kind: Literal["same", "other", "missing"] = Field(
        description="`other`: it stands here otherwise; `missing`: it stands only in what is compared with.",
        examples=["same"],
    )


class CellAnswer(BaseModel):
    """What one reading has for a segment."""

    state: Literal["pending", "done", "failed"] = Field(examples=["done"])
    pieces: list[DifferencePiece] = Field(
        description="Beside the reference, or beside the first reading where there is none."
    )
    dropped: str = Field(description="Why text was withheld; empty otherwise.", examples=[""])


class SegmentLineAnswer(BaseModel):
    """A segment as each reading has it, in their order."""

    start: float = Field(description="Seconds from the beginning.", examples=[0.42])
    end: float = Field(examples=[3.18])
    channel: int | None = Field(description="Null where the channels were mixed.", examples=[None])
    reference: str = Field(description="What was said in it, as far as known.", examples=["今天天气很好。"])
    readings: list[CellAnswer]


class ComparisonItem(BaseModel):
    """A comparison in the list."""

    id: str = Field(examples=["1d9e0c77b2a4f310"])
    name: str = Field(description="Of the recording.", examples=["meeting.mp3"])
    created_at: Moment = Field(examples=["2026-11-29T18:57:01.123Z"])
    has_ended: bool = Field(examples=[True])
    best: str | None = Field(
        description="Id of the transcription with the fewest errors; null without a reference, and before all have ended.",
        examples=["5f0c2e9b1a44d771"],
    )
    readings: list[ReadingAnswer]


class ComparisonAnswer(ComparisonItem):
    """A comparison with its texts."""

    duration: float | None = Field(description="Seconds, once the recording has been read.", examples=[61.2])
    reference: str = Field(description="What was really said; empty where nobody told.", examples=[""])
    is_laid_out: bool = Field(
        description="Whether the reference stands beside the segments; it may be too long for that.",
        examples=[False],
    )
    segments: list[SegmentLineAnswer]


class ComparisonsAnswer(BaseModel):
    """The latest comparisons, the newest first."""

    items: list[ComparisonItem]
