"""What the REST API takes and answers of a text that is put right by hand. Durations are seconds."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from app.web.schemas.base import RequestBody
from app.web.schemas.transcriptions import Moment, SegmentAnswer, WordAnswer

LONGEST_TEXT = 20_000  # characters of one piece
MOST_CHANGES = 1000  # in one request


class PieceDraft(RequestBody):
    """A piece as a person wrote it."""

    text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)] = Field(
        description="Empty to take the text away.", examples=["今天是2026年11月22日。"]
    )
    start: float | None = Field(
        default=None,
        description="Seconds; left out of a piece that was just cut off: its words tell.",
        examples=[0.42],
    )
    end: float | None = Field(default=None, examples=[3.18])


class EditChange(RequestBody):
    """What is to stand in place of some segments that follow each other."""

    first: int = Field(ge=0, description="Index of the first segment.", examples=[0])
    last: int = Field(ge=0, description="Index of the last one, at most 59 later.", examples=[0])
    pieces: list[PieceDraft] = Field(description="In order; none: as it was recognised.")


class EditRequest(RequestBody):
    """Changes of a text, all made or none."""

    revision: int = Field(ge=0, description="The one that was read; 0 for the first change.", examples=[0])
    changes: Annotated[list[EditChange], Field(max_length=MOST_CHANGES)] = Field(
        description="At most one for each stretch."
    )


class PieceAnswer(BaseModel):
    """A piece of an edited text."""

    start: float = Field(examples=[0.42])
    end: float = Field(examples=[3.18])
    text: str = Field(description="Empty where it was taken away.", examples=["今天是2026年11月22日。"])
    text_raw: str = Field(description="What the model said here.", examples=["今天是二零二六年十一月二十二日"])
    words: list[WordAnswer] = Field(description="Unchanged words keep their times, changed ones share theirs.")


class EditAnswer(BaseModel):
    """What stands in place of some segments."""

    first: int = Field(examples=[0])
    last: int = Field(examples=[0])
    pieces: list[PieceAnswer]


class EditsAnswer(BaseModel):
    """What was changed by hand."""

    revision: int = Field(description="Grows with every change.", examples=[3])
    edited_at: Moment | None = Field(description="Of the latest of these changes.", examples=[None])
    edits: list[EditAnswer] = Field(description="In order; they never overlap.")


class SegmentsAnswer(BaseModel):
    """Some segments as they were recognised."""

    segments: list[SegmentAnswer]
