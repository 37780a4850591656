"""What the REST API reads and answers about known voices."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, Strict

from app.domain.speakers.known_voices import LEAST_LIKENESS
from app.web.schemas.base import RequestBody, refuse_number
from app.web.schemas.transcriptions import Moment

CONSENT_BY = "Who agreed that the voice is remembered, and how; 1 to 300 characters."
PURPOSE = "What it is remembered for; at most 300 characters."


def _finite(vector: list[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in vector))
    if not (math.isfinite(length) and length > 0):
        raise ValueError("it is no direction")
    return [value / length for value in vector]


ConsentBy = Annotated[str, Field(max_length=1000, description=CONSENT_BY, examples=["Wang Fang, on the telephone"])]
Purpose = Annotated[str, Field(max_length=1000, description=PURPOSE, examples=["Minutes of the board"])]
VoiceName = Annotated[str, Field(max_length=200, description="1 to 60 characters.", examples=["Wang Fang"])]
Vector = Annotated[
    list[Annotated[float, Strict(strict=False)]],
    Field(min_length=2, max_length=4096, description="Of unit length.", examples=[[0.6, 0.8]]),
    AfterValidator(_finite),
]


class VoiceWanted(RequestBody):
    """A speaker's voice is remembered, because they agree to it."""

    name: VoiceName
    consent: Literal[True] = Field(description="Must be true: the speaker agrees.", examples=[True])
    consent_by: ConsentBy
    purpose: Purpose = ""


class VoiceChange(RequestBody):
    """What can be changed of a known voice."""

    name: VoiceName
    purpose: Purpose = ""


class VoiceDecision(RequestBody):
    """Whether a speaker is the person whose voice was proposed."""

    voice: str = Field(max_length=64, description="Id of the known voice.", examples=["5f0c2e9b1a44d771"])
    is_accepted: bool = Field(
        description="True names the speaker; false is remembered for this recording.", examples=[True]
    )


class VoiceAnswer(BaseModel):
    """A known voice; what it sounds like is in the export alone."""

    id: str = Field(examples=["5f0c2e9b1a44d771"])
    name: str = Field(examples=["Wang Fang"])
    consent_by: str = Field(description="Who agreed, as it was written down.", examples=["Wang Fang, on the telephone"])
    purpose: str = Field(examples=["Minutes of the board"])
    created_at: Moment = Field(description="When they agreed.", examples=["2026-11-22T18:57:01.123Z"])
    transcription_id: str | None = Field(
        description="Where it was heard, as long as that is there; null if it was imported.", examples=["01jd9x3v6t8q"]
    )
    is_comparable: bool = Field(
        description="False if another model made it than the one installed: it is never proposed then.", examples=[True]
    )


class VoicesAnswer(BaseModel):
    """The voices that you remembered, by name."""

    voices: list[VoiceAnswer]
    is_on: bool = Field(description="False if this server remembers and compares none.", examples=[True])
    model: str | None = Field(
        description="The model whose voices can be compared, with its checksum; null if none is installed.",
        examples=["CAM++ 3388cf5fd3493c9a"],
    )


class ExportedVoice(RequestBody):
    """A known voice with what it sounds like."""

    name: VoiceName
    consent_by: ConsentBy
    purpose: Purpose = ""
    created_at: Annotated[Moment, BeforeValidator(refuse_number), Strict(strict=False)] = Field(
        description="When they agreed.", examples=["2026-11-22T18:57:01.123Z"]
    )
    model: str = Field(min_length=1, max_length=200, examples=["CAM++ 3388cf5fd3493c9a"])
    vector: Vector
    is_narrow: bool = Field(default=False, description="Whether it was heard over a telephone.")


class VoicesFile(RequestBody):
    """Voices as they are exported and imported."""

    voices: list[ExportedVoice] = Field(max_length=1000)


class ImportedAnswer(BaseModel):
    """How many voices were added."""

    count: int = Field(examples=[2])


class ProposalAnswer(BaseModel):
    """A speaker may be somebody whose voice is known."""

    speaker: int = Field(examples=[2])
    voice: str = Field(description="Id of the known voice.", examples=["5f0c2e9b1a44d771"])
    name: str = Field(examples=["Wang Fang"])
    likeness: float = Field(
        description=f"How alike both voices are, {LEAST_LIKENESS:.2f} to 1; less is not proposed.", examples=[0.78]
    )


class ProposalsAnswer(BaseModel):
    """Whom the speakers without a name may be: at most one person for each, the likeliest."""

    proposals: list[ProposalAnswer]
