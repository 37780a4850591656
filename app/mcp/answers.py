"""What the tools answer. The descriptions are part of the tools' schemas: assistants read them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class Oddity(BaseModel):
    """Something odd about a recording or its text, and what helps."""

    id: str = Field(description="Stable name of the finding.")
    fact: str
    advice: str


class Failure(BaseModel):
    """Why there is no text."""

    code: str = Field(description="Stable name of the error.")
    message: str = Field(description="What happened, and why.")
    advice: str = Field(description="What to do next.")


class TranscribedFile(BaseModel):
    """One recording that was given to the queue."""

    id: str = Field(description="Give it to read_transcript or explain_problem.")
    name: str
    state: str = Field(description="queued, running, succeeded, failed or cancelled.")
    progress: float = Field(description="Share of the work that is done, 0 to 1.")
    duration_seconds: float | None = Field(description="Null until the recording has been decoded.")
    language: str | None
    text: str = Field(description="The text so far, possibly only its beginning.")
    is_whole: bool = Field(description="Whether `text` is the whole text; if not, read_transcript returns the rest.")
    error: Failure | None
    findings: list[Oddity] = Field(description="What may be wrong with the text, most significant first.")
    note: str = Field(description="What to do next; empty if nothing is left to do.")


class Passage(BaseModel):
    """A passage that contains words of the query."""

    text: str
    start_seconds: float | None = Field(description="Where it begins; null if the words are in several segments.")


class Found(BaseModel):
    """One recording of the history."""

    id: str
    name: str
    created_at: datetime
    state: str
    duration_seconds: float | None
    language: str | None
    source: str = Field(description="Where it came from, for example page, api or live.")
    beginning: str = Field(description="The beginning of its text.")
    passages: list[Passage] = Field(description="Where the words of the query are; empty without a query.")


class FoundRecordings(BaseModel):
    """A page of the history, newest first."""

    recordings: list[Found]
    total: int = Field(description="How many match; a lower bound if `is_more`.")
    is_more: bool
    next_offset: int | None = Field(description="Pass it as `offset` for the next page; null on the last.")


class Line(BaseModel):
    """One segment of speech."""

    start_seconds: float
    end_seconds: float
    speaker: str | None = Field(description="The channel; null if the channels were mixed.")
    text: str
    confidence: float | None = Field(description="Mean probability, 0 to 1; below 0.6 check it against the sound.")


class TranscriptPart(BaseModel):
    """Segments of a transcript in order of time, with corrections by hand applied."""

    id: str
    name: str
    state: str
    duration_seconds: float | None
    lines: list[Line]
    next_start_seconds: float | None = Field(description="Pass it as `start_seconds` for the rest; null at the end.")


class Explanation(BaseModel):
    """Why a job failed or its text may be wrong."""

    id: str
    name: str
    state: str
    error: Failure | None = Field(description="Null if the job did not fail.")
    failed_segments: list[Line] = Field(description="Speech that could not be read; `text` says why.")
    findings: list[Oddity] = Field(description="What is odd about the recording or its text.")
    recording: dict[str, str] = Field(description="Container, codec, levels and other facts about the file.")
    applied: list[str] = Field(description="Options that were not applied as requested, and why.")
    log: list[str] = Field(description="The last lines of the job's log.")
    case: str = Field(description="Where the support case for this job can be made.")
