"""What the REST API takes and answers about the history and the trash, field by field."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, Strict

from app.web.schemas.base import RequestBody, refuse_number
from app.web.schemas.transcriptions import Moment, TranscriptionItem

MOST_AT_ONCE = 1000  # transcriptions that one request names

Ids = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]],
    Field(min_length=1, max_length=MOST_AT_ONCE, description="Ids, at most 1000.", examples=[["01jd9x3v6t8q"]]),
]


class MatchAnswer(BaseModel):
    """A part of a text."""

    text: str = Field(examples=["会议"])
    is_match: bool = Field(description="Whether it is what was searched for.", examples=[True])


class ExcerptAnswer(BaseModel):
    """A place where the words were found."""

    start: float | None = Field(
        description="Seconds from the beginning; null where no single segment holds the words.",
        examples=[42.6],
    )
    segment: int | None = Field(description="Its index.", examples=[7])
    pieces: list[MatchAnswer] = Field(description="The text around them, in order.")


class BatchReference(BaseModel):
    """The batch that a transcription belongs to."""

    id: str = Field(examples=["5f0c2e9b1a44d0e1"])
    name: str = Field(examples=["客服录音 11 月"])


class NamedSpeaker(BaseModel):
    """A speaker to whom somebody gave a name."""

    name: str = Field(examples=["Anna"])
    pieces: list[MatchAnswer] = Field(description="The name, with what was searched for marked.")


class SpeakerNamesAnswer(BaseModel):
    """Names of speakers, in alphabetical order."""

    names: list[str] = Field(description="At most 50.", examples=[["Anna", "Wang Fang"]])


class FoundItem(TranscriptionItem):
    """One transcription that fits."""

    deleted_at: Moment | None = Field(description="When it was put in the trash.", examples=[None])
    name_pieces: list[MatchAnswer] = Field(description="The name, with what was searched for marked.")
    excerpts: list[ExcerptAnswer] = Field(description="Up to three places; none without a search.")
    speakers: list[NamedSpeaker] = Field(description="Those who have a name.")
    batch: BatchReference | None = Field(description="Null where it was sent alone.")


class TranscriptionPage(BaseModel):
    """A part of the history, newest first; of the trash, the latest deletion first."""

    items: list[FoundItem]
    total: int = Field(description="How many fit in all; 1000 where `is_more`.", examples=[1])
    is_more: bool = Field(description="More fit than `total` says.", examples=[False])
    limit: int = Field(examples=[50])
    offset: int = Field(examples=[0])
    older: str | None = Field(
        description="Give it as `before` to read the next page; null on the last.", examples=["1790000000000"]
    )
    newer: str | None = Field(
        description="Give it as `after` to read the page before; null on the first.", examples=[None]
    )


class Selection(RequestBody):
    """Some transcriptions."""

    ids: Ids


class ExportSelection(Selection):
    """Some transcriptions, and the file they become."""

    format: str = Field(
        default="txt.zip",
        max_length=40,
        description="`csv` (a row for each), `json` (with their segments), or a format with `.zip`.",
        examples=["srt.zip"],
    )


class Clearing(RequestBody):
    """The confirmation that all are meant."""

    confirm: Literal[True] = Field(description="Must be true.", examples=[True])


class DeletionAnswer(BaseModel):
    """What was put in the trash."""

    count: int = Field(examples=[3])
    undo: str = Field(
        description="Give it to `POST /trash/undo` to bring all of them back.",
        examples=["2026-11-22T18:57:01.123456Z"],
    )


class Undo(RequestBody):
    """The deletion that is undone."""

    undo: Annotated[Moment, BeforeValidator(refuse_number), Strict(strict=False)] = Field(
        description="As the deletion answered it.", examples=["2026-11-22T18:57:01.123456Z"]
    )


class CountAnswer(BaseModel):
    """How many it was."""

    count: int = Field(description="Those that were not there are not counted.", examples=[3])


class DayAnswer(BaseModel):
    """What was given in on one day."""

    day: date = Field(examples=["2026-11-22"])
    count: int = Field(examples=[12])


class StatisticsAnswer(BaseModel):
    """Everything that is kept. Waiting and running ones count, the trash only where it says so."""

    count: int = Field(examples=[41])
    seconds: float = Field(description="Of sound.", examples=[86400.0])
    size_bytes: int = Field(description="Of the recordings.", examples=[912_000_000])
    by_state: dict[str, int] = Field(examples=[{"succeeded": 40, "failed": 1}])
    by_language: dict[str, int] = Field(description="Once it is known.", examples=[{"zh": 30, "en": 10}])
    by_source: dict[str, int] = Field(examples=[{"page": 35, "api": 6}])
    trash_count: int = Field(examples=[2])
    trash_bytes: int = Field(examples=[8_400_000])
    days: list[DayAnswer] = Field(description="The last 30 in the asked zone, the oldest first.")
