"""What the addresses of a replay answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from app.support.replay import Verdict
from app.web.schemas.transcriptions import Moment


class ReplayStarted(BaseModel):
    """A replay that is under way; ask for it by its id."""

    id: str = Field(examples=["5f0c2e9b1a44d0e1"])


class ReplayProblem(BaseModel):
    """Why a replay has no result."""

    code: str = Field(examples=["case_damaged"])
    message: str = Field(examples=["The support case case.zip is damaged: job.json is not what its manifest promises."])
    advice: str = Field(examples=["Copy the case again from where it was made; its files must not be changed."])


class DifferenceAnswer(BaseModel):
    """Something that is not here as it was recorded."""

    name: str = Field(examples=["device"])
    label: str = Field(description="The name in the reader's language.", examples=["Device"])
    recorded: str = Field(examples=["cuda:0"])
    here: str = Field(examples=["cpu"])


class ErrorsAnswer(BaseModel):
    """The error codes of both runs."""

    recorded: str | None = Field(examples=["out_of_memory"])
    now: str | None = Field(examples=[None])
    is_same: bool = Field(examples=[False])


class ChangedPart(BaseModel):
    """A stretch of words of both texts."""

    recorded: str = Field(examples=["label "])
    now: str = Field(examples=["level "])
    kind: Literal["equal", "replace", "delete", "insert"] = Field(examples=["replace"])


class SegmentDifference(BaseModel):
    """A segment that did not come out as it was recorded."""

    index: int = Field(examples=[3])
    start: float = Field(examples=[12.4])
    end: float = Field(examples=[17.9])
    recorded: str = Field(examples=["label 5"])
    now: str = Field(examples=["level 5"])
    recorded_error: str | None = Field(examples=[None])
    error: str | None = Field(examples=[None])
    cer: float | None = Field(description="Changed characters by those recorded.", examples=[0.25])
    timing_seconds: float | None = Field(
        description="Largest difference of a word's times; null where the words differ.", examples=[None]
    )
    diff: list[ChangedPart]


class ReplayResult(BaseModel):
    """What a replay has shown."""

    job: str = Field(description="Id of the transcription in the case.", examples=["01jd9x3v6t8q"])
    verdict: Verdict = Field(examples=["not_reproduced"])
    reason: str = Field(description="Why it cannot be compared; empty otherwise.", examples=[""])
    error: ErrorsAnswer
    cer: float | None = Field(description="Character error rate between the two runs.", examples=[0.031])
    timing_seconds: float | None = Field(description="Largest difference of a word's times.", examples=[0.02])
    differences: list[DifferenceAnswer]
    speech_found_elsewhere: list[tuple[float, float]] = Field(
        description="Stretches in seconds in which only one of the two runs found speech.", examples=[[]]
    )
    segments_compared: int = Field(examples=[48])
    segments_same: int = Field(examples=[46])
    segments: list[SegmentDifference] = Field(
        description="Those that differ, the first 200; the command line tells all."
    )


class ReplayAnswer(BaseModel):
    """A replay: under way, done, or without a result."""

    id: str = Field(examples=["5f0c2e9b1a44d0e1"])
    name: str = Field(description="Name of the zip.", examples=["case-01jd9x3v6t8q.zip"])
    changes: dict[str, str] = Field(
        description="What was wanted otherwise than recorded.", examples=[{"device": "cpu"}]
    )
    state: Literal["running", "done", "failed"] = Field(examples=["done"])
    started_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    finished_at: Moment | None = Field(examples=["2026-11-22T18:57:12.001Z"])
    result: ReplayResult | None = Field(description="Null unless it is done.")
    error: ReplayProblem | None = Field(description="Null unless it failed.")
