"""What the REST API answers about settings and the room that everything takes, field by field."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from app.setting_rules import Effect
from app.settings import Origin
from app.web.schemas.base import RequestBody
from app.web.schemas.transcriptions import ErrorDetail, ModelAnswer, Moment

Value: TypeAlias = bool | int | float | str | None


class SettingItem(BaseModel):
    """One setting that the page can change."""

    name: str = Field(examples=["threads"])
    label: str = Field(description="In the reader's language.", examples=["Processor threads"])
    hint: str = Field(examples=["More are not always faster: one core is kept for the pages."])
    kind: Literal["switch", "choice", "number", "whole_number", "text"] = Field(examples=["whole_number"])
    unit: str = Field(examples=["threads"])
    zero: str = Field(description="What 0 means, where it is no number.", examples=["automatic"])
    choices: list[str] = Field(description="Of a choice; empty otherwise.", examples=[[]])
    least: float | None = Field(examples=[0])
    most: float | None = Field(examples=[256])
    default: Value = Field(examples=[0])
    value: Value = Field(description="What holds, or will hold after a restart.", examples=[0])
    origin: Origin = Field(
        description="`option` of the command line, `environment`, `page` or `default`; the first wins.",
        examples=["default"],
    )
    is_locked: bool = Field(description="An option or the environment gives it.", examples=[False])
    variable: str = Field(description="Its environment variable.", examples=["FUNASR_THREADS"])
    effect: Effect = Field(
        description="A change holds `at_once`, with a `reload` of the model, or after a `restart` of the server.",
        examples=["reload"],
    )
    waits_for_restart: bool = Field(description="It was changed since the start.", examples=[False])


class SettingGroup(BaseModel):
    """Settings that belong together."""

    title: str = Field(examples=["Computing"])
    settings: list[SettingItem]


class StartSetting(BaseModel):
    """A setting that can only be given where the server is started."""

    name: str = Field(examples=["data_dir"])
    value: str = Field(examples=["/srv/funasr/data"])
    origin: Origin = Field(examples=["default"])
    variable: str = Field(examples=["FUNASR_DATA_DIR"])


class TakenBackAnswer(BaseModel):
    """A change that the model did not load with; the former values hold again."""

    values: dict[str, Value] = Field(examples=[{"device": "cuda"}])
    problem: ErrorDetail


class SettingsAnswer(BaseModel):
    """All settings of this server."""

    groups: list[SettingGroup]
    at_start: list[StartSetting]
    file: str = Field(description="Where changes of the page are kept.", examples=["/srv/funasr/data/settings.json"])
    damage: str = Field(
        description="Why that file was not, or not wholly, read; empty where nothing is wrong.", examples=[""]
    )
    is_reloading: bool = Field(description="The model is about to be loaded again.", examples=[False])
    taken_back: TakenBackAnswer | None = Field(examples=[None])
    model: ModelAnswer


class SettingChanges(RequestBody):
    """New values by the names of their settings; null goes back to the default."""

    values: dict[str, Any] = Field(min_length=1, max_length=100, examples=[{"threads": 2, "device": None}])


class StorageAnswer(BaseModel):
    """How many bytes lie where."""

    database_bytes: int = Field(examples=[4_100_000])
    recordings_bytes: int = Field(
        description="Of transcriptions, batches and live sessions, with what is in the trash.",
        examples=[912_000_000],
    )
    decoded_bytes: int = Field(
        description="Samples of recordings, kept for playing; they are made again where they are missing.",
        examples=[210_000_000],
    )
    vad_bytes: int = Field(description="Looked at for their speech; kept for a day.", examples=[31_000_000])
    logs_bytes: int = Field(examples=[2_300_000])
    models_bytes: int = Field(description="Of the models folder.", examples=[893_000_000])
    free_bytes: int = Field(description="Where recordings are kept.", examples=[120_000_000_000])


class DeviceItem(BaseModel):
    """One device that was looked for."""

    name: str = Field(description="As the setting `device` takes it.", examples=["cuda"])
    label: str = Field(
        description="What the driver calls it; empty where it is absent.", examples=["NVIDIA L4, 23034 MB"]
    )
    is_usable: bool = Field(examples=[False])
    reason: str = Field(
        description="Why it cannot be used.", examples=["No NVIDIA GPU with a working driver was found."]
    )
    is_in_use: bool = Field(description="The loaded model computes on it.", examples=[False])


class DevicesAnswer(BaseModel):
    """What this machine can compute on; `auto` takes the first that is usable."""

    devices: list[DeviceItem]


class CacheAnswer(BaseModel):
    """What clearing the cache has given back."""

    device: str | None = Field(description="Null where no model is loaded.", examples=["cuda"])
    freed_bytes: int = Field(examples=[812_000_000])


class RetentionAnswer(BaseModel):
    """What a retention would do now."""

    count: int = Field(description="Transcriptions that would be moved to the trash.", examples=[12])


class BackupAnswer(BaseModel):
    """The last backup."""

    made_at: Moment | None = Field(description="Null where none was made.", examples=["2026-11-22T18:57:01.123Z"])
