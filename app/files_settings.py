"""Settings about where the recordings lie; app/settings.py says where their values come from."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FilesSettings(BaseSettings):
    """The object store, where there is one."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True)

    files_url: str = Field(default="", pattern=r"^(s3://[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._/-]*)?)?$")
    """Bucket of an object store for the recordings (s3://bucket/prefix; keys by AWS_*); empty: the data folder."""

    files_presigned: bool = False
    """Let downloads of recordings go to the object store itself, by an address that is valid for five minutes."""

    files_copies_mb: int = Field(default=20_480, ge=100, le=100_000_000)
    """Megabytes on this disk for copies of recordings of the object store; those unused longest are removed."""
