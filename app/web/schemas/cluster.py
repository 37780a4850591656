"""What the REST API answers about the cluster, field by field."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from app.web.schemas.transcriptions import ErrorDetail


class ClusterActor(BaseModel):
    """One engine on some node."""

    name: str = Field(examples=["builtin-3f2a91-2"])
    node: str = Field(description="Empty while a place is looked for.", examples=["worker-1"])
    state: Literal["starting", "free", "busy", "draining"] = Field(examples=["busy"])
    seconds: float = Field(description="In this state.", examples=[0.4])
    model: str = Field(examples=["builtin"])
    device: str = Field(examples=["cuda:0"])
    segments: int = Field(description="Recognised so far.", examples=[1203])
    memory_bytes: int | None = Field(examples=[812_000_000])


class ClusterNode(BaseModel):
    """One machine."""

    name: str = Field(examples=["worker-1"])
    address: str = Field(examples=["10.0.0.4"])
    state: Literal["ready", "draining", "refused", "gone"] = Field(
        description="`draining`: it is about to leave; `refused`: its installation differs; `gone`: it has left.",
        examples=["ready"],
    )
    reason: str = Field(description="How the installation differs.", examples=[""])
    cpus: float = Field(examples=[16])
    gpus: float = Field(examples=[1])
    memory_bytes: int = Field(examples=[64_000_000_000])
    actors: int = Field(examples=[2])
    segments: int = Field(description="Recognised since the server started.", examples=[2411])
    speech_seconds: float = Field(examples=[17_040.0])
    computing_seconds: float = Field(description="That its actors were busy.", examples=[402.1])
    clock_ahead_seconds: float | None = Field(description="Of its clock before the server's.", examples=[0.0])


class ClusterAnswer(BaseModel):
    """The cluster of FUNASR_CLUSTER."""

    address: str = Field(description="Empty where no cluster is configured.", examples=["ray://head:10001"])
    problem: ErrorDetail | None = Field(description="Why nothing can be recognised.", examples=[None])
    nodes: list[ClusterNode]
    actors: list[ClusterActor]
    waiting: int = Field(description="Segments that wait for a free actor.", examples=[12])
    speech_hours_per_hour: float = Field(description="By the last ten minutes.", examples=[412.5])
    cost_per_speech_hour: float | None = Field(
        description="By FUNASR_CLUSTER_ACTOR_HOUR_COST and what the actors computed; null without one of them.",
        examples=[0.02],
    )
