"""What the probes answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class LivenessAnswer(BaseModel):
    """The server answers."""

    status: Literal["ok"] = Field(examples=["ok"])
    program: str = Field(description="Tells this server from another one on the port.", examples=["Fun-ASR WebUI"])
    version: str = Field(examples=["0.2.0"])


class PartAnswer(BaseModel):
    """One thing that the work needs."""

    name: str = Field(description="`database`, `disk` or `inference`.", examples=["inference"])
    is_ready: bool = Field(examples=[True])
    reason: str = Field(description="What is missing; empty where it is ready.", examples=[""])


class ReadinessAnswer(BaseModel):
    """The server can do its work."""

    status: Literal["ready"] = Field(examples=["ready"])
    parts: list[PartAnswer]
