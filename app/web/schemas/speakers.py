"""What the REST API reads and answers about speakers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.options import OFF, SPEAKERS
from app.services.options import parse_speakers
from app.web.schemas.base import RequestBody

Seconds = Annotated[float, Field(ge=0, le=1e7, description="Seconds from the beginning of the recording.")]
Number = Annotated[int, Field(ge=1, le=99, description="Number of a speaker.")]


def _parse_wanted(value: object) -> object:
    asked = parse_speakers(value)
    if asked == OFF:
        raise InvalidParameter(name="speakers", reason=N_("it is neither auto nor a number from 2 to 20"))
    return asked


class SpeakersWanted(RequestBody):
    """How many speakers to tell apart."""

    speakers: Annotated[str, BeforeValidator(_parse_wanted)] = Field(
        default="auto",
        description="`auto` finds their number; else a number from 2 to 20.",
        examples=["auto"],
        json_schema_extra={"enum": list(SPEAKERS[1:])},
    )


class SpeakerNameWanted(RequestBody):
    """What a speaker is called in the whole recording."""

    name: str = Field(max_length=200, description="Empty takes the name away.", examples=["Anna"])


class MergeWanted(RequestBody):
    """Two speakers are one."""

    into: Number = Field(examples=[1])


class SplitWanted(RequestBody):
    """From a time on, a speaker is somebody else."""

    since: Seconds = Field(examples=[81.4])


class TurnWanted(RequestBody):
    """All that is said between two times is said by one speaker."""

    start: Seconds = Field(examples=[12.5])
    end: Seconds = Field(examples=[15.0])
    speaker: Number = Field(description="The number after the last one is a new speaker.", examples=[2])


class DecisionWanted(RequestBody):
    """Who one turn is, as a person heard it."""

    start: Seconds = Field(examples=[12.48])
    end: Seconds = Field(examples=[15.02])
    labelled: Number = Field(description="The speaker that the turn has now.", examples=[2])
    speaker: Number = Field(
        description="Who it is, which may be the same; the number after the last one is a new speaker.", examples=[1]
    )


class SpeakerAnswer(BaseModel):
    """One speaker."""

    speaker: int = Field(description="Counted from 1, in the order in which they are first heard.", examples=[1])
    name: str = Field(description="As a person named them; empty otherwise.", examples=["Anna"])
    seconds: float = Field(description="How long they speak.", examples=[312.4])
    share: float = Field(description="Of the time of all speakers, 0 to 1.", examples=[0.41])
    turns: int = Field(description="How often they speak.", examples=[38])
    interruptions: int = Field(description="How often they begin while another one speaks.", examples=[4])


class TurnAnswer(BaseModel):
    """One person speaks without a longer pause."""

    start: float = Field(description="Seconds from the beginning.", examples=[12.48])
    end: float = Field(examples=[15.02])
    speaker: int = Field(examples=[2])
    likeness: float = Field(
        description="How much the voice is like this speaker's rather than the next one's, 0 to 1.", examples=[0.86]
    )
    is_decided: bool = Field(description="Whether a person said who it is; then it stays.", examples=[False])


class SpeakersAnswer(BaseModel):
    """Who spoke when."""

    speakers: list[SpeakerAnswer]
    turns: list[TurnAnswer] = Field(description="In order; turns of several speakers may overlap.")
    last_change: int | None = Field(
        default=None,
        description="How many turns the latest correction gave to another speaker; null where none can be taken back.",
        examples=[5],
    )


class DoubtfulTurnAnswer(TurnAnswer):
    """A turn that a person should listen to."""

    others: list[int] = Field(description="The other speakers, the likeliest first.", examples=[[1, 3]])


class DoubtsAnswer(BaseModel):
    """The turns of which it is least sure who speaks."""

    turns: list[DoubtfulTurnAnswer] = Field(description="The most useful first: their voice is doubtful, and long.")
