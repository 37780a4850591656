"""What every JSON body that the API takes has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class RequestBody(BaseModel):
    """Only what is described is taken: no other members, and no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True)
