"""Errors in the shapes of the other products whose API is spoken here."""

from __future__ import annotations

from pydantic import BaseModel, Field


class OpenAIErrorDetail(BaseModel):
    """An error; all four members are always there."""

    message: str = Field(examples=["The request carries no file."])
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = Field(examples=["file"])
    code: str | None = Field(examples=["no_file"])


class OpenAIErrorAnswer(BaseModel):
    """The shape of every error below /v1 and /openai."""

    error: OpenAIErrorDetail


class AsrErrorAnswer(BaseModel):
    """The shape of every error of /asr and /detect-language."""

    detail: str = Field(examples=["The request carries no file."])
    code: str = Field(examples=["no_file"])
