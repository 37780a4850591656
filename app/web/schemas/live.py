"""What REST answers about live sessions."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.services.live import SessionFacts
from app.web.schemas.transcriptions import Moment


class LiveSession(BaseModel):
    """A live session that goes on."""

    id: str = Field(examples=["9d1c0be4a7f35e62"])
    transcription: str = Field(description="Id of its transcription.", examples=["01jd9x3v6t8q"])
    name: str = Field(description="Name of its transcription.", examples=["实时 2026-11-27 09:41"])
    created_at: Moment = Field(examples=["2026-11-27T01:41:00.123Z"])
    seconds: float = Field(description="Of sound that is stored.", examples=[83.4])
    segments: int = Field(description="That have their text.", examples=[12])
    connected: bool = Field(description="Whether its client is there at the moment.", examples=[True])


class LiveSessions(BaseModel):
    """All that go on, the oldest first."""

    items: list[LiveSession]


def session_item(facts: SessionFacts) -> LiveSession:
    return LiveSession(
        id=facts.id,
        transcription=facts.transcription,
        name=facts.name,
        created_at=facts.created_at,
        seconds=round(facts.seconds, 3),
        segments=facts.segments,
        connected=facts.is_connected,
    )
