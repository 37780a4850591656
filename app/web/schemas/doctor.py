"""What the doctor's addresses answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class CheckAnswer(BaseModel):
    """One line of the report."""

    id: str = Field(description="Stable name of the check.", examples=["temp_folder"])
    status: Literal["ok", "note", "warning", "failure"] = Field(examples=["ok"])
    fact: str = Field(description="What was found.", examples=["data can be written."])
    advice: str = Field(description="What to do; empty where nothing is to be done.", examples=[""])


class DoctorAnswer(BaseModel):
    """The report of the server's side."""

    checks: list[CheckAnswer]
    seconds: float = Field(description="How long the look took.", examples=[6.2])


class ReceivedAnswer(BaseModel):
    """What arrived of a trial upload; nothing of it is kept."""

    size_bytes: int = Field(examples=[33554432])


class ClockAnswer(BaseModel):
    """The server's clock, for a browser to compare with its own."""

    now_ms: int = Field(description="Milliseconds since 1970, UTC.", examples=[1795744800000])
