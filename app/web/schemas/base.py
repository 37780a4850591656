"""What every JSON body that the API takes has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class RequestBody(BaseModel):
    """Only what is described is taken: no other members, and no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True)


def refuse_number(value: object) -> object:
    """Refuse what pydantic takes for seconds since 1970: moments are described as texts."""
    try:
        float(str(value))
    except ValueError:
        return value
    raise ValueError("it is a number")
