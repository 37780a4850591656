"""What the REST API answers about support cases, field by field."""

from __future__ import annotations

from pydantic import BaseModel, Field


class CaseFile(BaseModel):
    """One file of a case."""

    name: str = Field(examples=["log/app.log"])
    what: str = Field(description="What it tells.", examples=["The job's own log"])
    size: int = Field(description="Bytes.", examples=[4821])
    is_estimate: bool = Field(description="Whether the size is only about right: sound.", examples=[False])
    content: str = Field(description="Its beginning as it would leave; empty for sound.", examples=["…"])
    is_whole: bool = Field(description="Whether `content` is all of it.", examples=[True])


class RedactionAnswer(BaseModel):
    """How often one rule took something out."""

    rule: str = Field(examples=["email"])
    what: str = Field(description="What the rule takes out.", examples=["E-mail addresses"])
    count: int = Field(examples=[2])


class CasePreview(BaseModel):
    """Everything that would leave, before anything does."""

    files: list[CaseFile] = Field(description="In the order of the zip.")
    redactions: list[RedactionAnswer] = Field(description="What was taken out, never the values.")
    note: str = Field(description="Why there is less sound than was chosen; empty otherwise.", examples=[""])
