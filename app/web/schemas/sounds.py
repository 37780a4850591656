"""What the REST API answers about sound events: speech, singing and music. Times are seconds from the beginning."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.domain.speech import SoundKind


class SoundMark(BaseModel):
    """A stretch in which something sounds; others may overlap it."""

    kind: SoundKind = Field(examples=["music"])
    start: float = Field(examples=[12.4])
    end: float = Field(examples=[31.0])


class SoundSeconds(BaseModel):
    """How long one kind sounds in the whole recording."""

    kind: SoundKind = Field(examples=["music"])
    seconds: float = Field(examples=[18.6])


class SoundBands(BaseModel):
    """Speech, singing and music in a recording."""

    totals: list[SoundSeconds] = Field(description="Every kind; empty until the recording has been heard.")
    marks: list[SoundMark] = Field(
        description="What sounds within the view; neighbours of a kind too near to be told apart are one."
    )
