"""REST: what rules of replacement would change in a transcription."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.replacements import LONGEST_RULES, parse_rules
from app.services.rereading.replacement_trial import try_rules
from app.web.dependencies import QueueDep, TranscriptionId
from app.web.openapi import errors
from app.web.pools import reads_slowly
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.base import RequestBody

router = ApiRouter(prefix="/transcriptions/{id}/replacements", tags=["transcriptions"])

MOST_PLACES = 500


class RulesToTry(RequestBody):
    """Rules that are not saved yet."""

    rules: str = Field(
        max_length=LONGEST_RULES,
        description="One on each line, as the option `replacements` takes them.",
        examples=["范一安 => FunASR"],
    )


class ChangedPlaceAnswer(BaseModel):
    """A segment that would be written otherwise."""

    model_config = ConfigDict(from_attributes=True)

    index: int = Field(examples=[3])
    start: float = Field(description="Seconds from the beginning.", examples=[12.4])
    before: str = Field(examples=["我们用范一安。"])
    after: str = Field(examples=["我们用FunASR。"])


class RuleCount(BaseModel):
    """How often a rule was applied."""

    rule: str = Field(examples=["范一安 => FunASR"])
    count: int = Field(examples=[2])
    is_slow: bool = Field(description="It took too long and was left out in places.", examples=[False])


class TrialAnswer(BaseModel):
    """What the rules would change."""

    places: list[ChangedPlaceAnswer] = Field(description=f"The first {MOST_PLACES}.")
    total: int = Field(description="Segments that would change.", examples=[2])
    rules: list[RuleCount]
    is_whole: bool = Field(description="False where the time was not enough for the whole text.", examples=[True])


@router.post(
    "",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(TranscriptionNotFound, InvalidParameter, RequestTooLarge, changes=True),
)
@reads_slowly
def try_replacements(id: TranscriptionId, body: RulesToTry, queue: QueueDep) -> TrialAnswer:
    """See what rules of replacement would change in a text as it was recognised, and where. Nothing is stored."""
    rules = parse_rules(body.rules)
    trial = try_rules(queue.segments(id, with_words=False), rules)
    return TrialAnswer(
        places=[ChangedPlaceAnswer.model_validate(place) for place in trial.places[:MOST_PLACES]],
        total=len(trial.places),
        rules=[
            RuleCount(rule=str(rule), count=count, is_slow=is_slow)
            for rule, count, is_slow in zip(rules, trial.counts, trial.slow, strict=True)
        ],
        is_whole=trial.is_whole,
    )
