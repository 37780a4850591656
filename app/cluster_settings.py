"""Settings about a cluster of machines; app/settings.py says where their values come from."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ClusterSettings(BaseSettings):
    """Which machines recognise, and how many actors there may be."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True)

    cluster: str = Field(default="", pattern=r"^(|auto|local|(ray://)?[A-Za-z0-9_.\[\]:-]+:\d+)$")
    """Ray cluster that recognises: auto (the one of this machine), host:port, ray://host:port, or local (started here, for trying it); empty: no cluster."""

    cluster_cpus: float = Field(default=1.0, ge=0, le=256)
    """Processor cores that an actor takes of a node."""

    cluster_gpus: float = Field(default=0.0, ge=0, le=16)
    """Graphics cards that an actor takes of a node; 0.5 puts two on each card."""

    cluster_min_actors: int = Field(default=1, ge=0, le=10_000)
    """Actors of the model in use that are always there."""

    cluster_max_actors: int = Field(default=4, ge=1, le=10_000)
    """Actors of one model that there may be while segments wait."""

    cluster_live_actors: int = Field(default=0, ge=0, le=10_000)
    """Of the actors that are ready, how many are kept for live sessions."""

    cluster_idle_seconds: float = Field(default=120.0, ge=1, le=86_400)
    """Seconds without work after which an actor beyond the least number ends."""

    cluster_models: int = Field(default=2, ge=1, le=100)
    """Models beside the one in use that jobs may name at the same time."""

    cluster_preparation_cpus: float = Field(default=0.0, ge=0, le=64)
    """Processor cores that decoding a recording takes of a node; 0 decodes on the server that works on the job."""

    cluster_actor_hour_cost: float = Field(default=0.0, ge=0, le=1_000_000)
    """What an hour of one actor costs, in your currency; the page of the cluster makes costs per hour of sound of it."""
