"""What the REST API takes and answers about batches, field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.services.options import OptionsPatch
from app.web.schemas.base import RequestBody
from app.web.schemas.transcriptions import ErrorDetail, Moment, Options

LARGEST_LIST = 500  # items in one answer
LONGEST_NAME = 200  # characters, of a batch
LONGEST_PATH = 4000


class NewBatch(RequestBody):
    """A batch to begin."""

    name: str = Field(
        max_length=LONGEST_NAME,
        description="What to call it; where another batch has the name, a number is added.",
        examples=["客服录音 11 月"],
    )
    options: OptionsPatch = Field(default_factory=OptionsPatch, description="How the recordings are to be read.")


class BatchCounts(BaseModel):
    """Recordings of a batch by state."""

    total: int = Field(examples=[300])
    uploading: int = Field(description="Announced, and not on the disk whole.", examples=[12])
    queued: int = Field(examples=[200])
    running: int = Field(examples=[2])
    succeeded: int = Field(examples=[80])
    failed: int = Field(examples=[2])
    cancelled: int = Field(examples=[0])
    duplicate: int = Field(description="Of the same content as another transcription.", examples=[4])


class BatchAnswer(BaseModel):
    """A batch as a whole."""

    id: str = Field(examples=["5f0c2e9b1a44d0e1"])
    name: str = Field(examples=["客服录音 11 月"])
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    state: Literal["running", "paused", "done", "cancelled"] = Field(examples=["running"])
    counts: BatchCounts
    seconds_total: float = Field(description="Of sound, as far as it is known.", examples=[7260.4])
    seconds_done: float = Field(examples=[1800.0])
    progress: float = Field(description="0 to 1.", examples=[0.27])
    eta_seconds: float | None = Field(description="Seconds still needed, once known.", examples=[540.0])
    options: Options
    revision: int = Field(description="Grows with every change; the id of events.", examples=[1284])


class BatchList(BaseModel):
    """A part of all batches, the newest first."""

    items: list[BatchAnswer]
    total: int = Field(examples=[1])


class BatchItemAnswer(BaseModel):
    """One recording of a batch."""

    id: str = Field(description="Of its upload, too.", examples=["9b1a44d0e15f0c2e"])
    position: int = Field(description="In the list, from 0.", examples=[0])
    name: str = Field(description="With the folders that it was chosen from.", examples=["north/会议 (1).MP3"])
    size_bytes: int = Field(examples=[482133])
    state: Literal["uploading", "queued", "running", "succeeded", "failed", "cancelled", "duplicate"] = Field(
        examples=["succeeded"]
    )
    progress: float = Field(description="0 to 1, of the upload or the recognition.", examples=[1.0])
    duration: float | None = Field(description="Seconds, once it has been read.", examples=[60.2])
    transcription_id: str | None = Field(description="Once it is here whole.", examples=["01jd9x3v6t8q"])
    duplicate_of: str | None = Field(
        description="The transcription with the same content and options.", examples=[None]
    )
    error: ErrorDetail | None = Field(description="Why it has no text.", examples=[None])
    text: str = Field(description="Its beginning.", examples=["今天天气很好"])


class BatchItemList(BaseModel):
    """A part of the list of a batch."""

    items: list[BatchItemAnswer]
    total: int = Field(description="How many are in this state, or in all.", examples=[300])


class NewUpload(RequestBody):
    """A file that is going to be sent."""

    name: str = Field(max_length=LONGEST_PATH, description="Of the file.", examples=["会议 (1).MP3"])
    path: str | None = Field(
        default=None,
        max_length=LONGEST_PATH,
        description="With the folders that it was chosen from; the name without.",
        examples=["north/会议 (1).MP3"],
    )
    size_bytes: int = Field(ge=0, lt=2**53, description="Of the file.", examples=[482133])
    modified_ms: int | None = Field(
        default=None,
        ge=0,
        lt=2**53,
        description="When it was changed last, in milliseconds since 1970: tells apart files of one name and size.",
        examples=[1763837821123],
    )


class UploadAnswer(BaseModel):
    """How much of an upload is safely on the disk."""

    id: str = Field(examples=["9b1a44d0e15f0c2e"])
    offset: int = Field(description="Bytes; what follows is to be sent.", examples=[4194304])


class NewOrder(RequestBody):
    """Recordings that change their places."""

    positions: list[Annotated[int, Field(ge=0, le=2**31)]] = Field(
        min_length=1, max_length=10_000, description="Those that move, in their new order.", examples=[[7]]
    )
    before: int | None = Field(
        default=None,
        ge=0,
        le=2**31,
        description="Position before which they go; without it before all that wait.",
        examples=[3],
    )


class ItemsChange(RequestBody):
    """Something to be done with many recordings of a batch."""

    action: Literal["cancel", "retry", "remove"] = Field(
        description="`remove` moves what has a transcription to the trash, and gives the rest up.", examples=["remove"]
    )
    ids: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1, max_length=LARGEST_LIST, description="Of the recordings.", examples=[["9b1a44d0e15f0c2e"]]
    )


class ItemsChanged(BaseModel):
    """What came of it."""

    changed: int = Field(description="To how many of them it applied.", examples=[3])
    batch: BatchAnswer


class ServerFolder(RequestBody):
    """A folder on the server's machine."""

    path: str = Field(
        max_length=LONGEST_PATH,
        description="Below the folder that FUNASR_IMPORT_ROOT names.",
        examples=["calls/2026-11"],
    )
