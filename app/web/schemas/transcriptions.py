"""What the REST API answers, field by field. The names are those of the command line's JSON.

Texts of problems are in the reader's language; times are RFC 3339 in UTC; durations are seconds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from app.domain.sources import Source
from app.domain.states import JobState
from app.domain.transcript import LONGEST_NAME, HotwordStatus
from app.web.schemas.base import RequestBody
from app.web.schemas.sounds import SoundBands


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(words: object) -> object:
    """Return hotwords as a person writes them down."""
    return [str(word) for word in words] if isinstance(words, tuple) else words


Moment = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]


class ErrorDetail(BaseModel):
    """What happened and what to do."""

    code: str = Field(description="Stable, for programs.", examples=["transcription_not_found"])
    message: str = Field(description="What happened.", examples=["There is no transcription 7f3a."])
    advice: str = Field(
        description="What to do next.",
        examples=["It may have been deleted. The history lists everything that exists."],
    )


class RequestErrorDetail(ErrorDetail):
    """An error of a request, with its id in the log."""

    request_id: str = Field(description="Finds the request in logs/app.log.", examples=["5f0c2e9b1a44"])
    field: str | None = Field(
        default=None, description="The one of several values that was refused.", examples=["threads"]
    )


class ErrorAnswer(BaseModel):
    """The one shape of every error."""

    error: RequestErrorDetail


class Options(BaseModel):
    """What was asked for."""

    model_config = ConfigDict(from_attributes=True)

    language: str = Field(description="`auto`, or the code of a language.", examples=["auto"])
    hotwords: Annotated[list[str], BeforeValidator(_written)] = Field(
        description="Words to listen for, with a weight after a colon where it is not the usual one.",
        examples=[["转写", "Conformer:30"]],
    )
    itn: bool = Field(description="Whether spoken numbers are written as digits.", examples=[True])
    punctuation: bool = Field(description="Whether pauses become punctuation.", examples=[True])
    remove_fillers: bool = Field(description="Whether um, uh and 嗯 are left out.", examples=[False])
    replacements: Annotated[list[str], BeforeValidator(_written)] = Field(
        description="Rules of replacement, as `wrong => right`.", examples=[["范一安 => FunASR"]]
    )
    quality: str = Field(description="`fast`, `balanced` or `accurate`.", examples=["accurate"])
    channels: str = Field(description="`mix` or `separate`.", examples=["mix"])
    track: int = Field(description="The sound track, counted from 1; 0 is the first that is not silent.", examples=[0])
    model: str = Field(
        description="Name of the model that reads it in a process of its own; empty: the one in use.",
        examples=[""],
    )
    speakers: str = Field(
        description="Whether speakers are told apart: `off`, `auto` or their number.", examples=["off"]
    )


class Progress(BaseModel):
    """How far a transcription has come."""

    stage: Literal["queued", "preparing", "recognizing", "speakers", "finished"] = Field(examples=["recognizing"])
    percent: float = Field(description="0 to 100.", examples=[37.5])
    seconds_done: float = Field(description="Seconds of the recording that are done.", examples=[22.4])
    segments_done: int = Field(examples=[3])
    segments_failed: int = Field(examples=[0])
    segments_total: int = Field(description="0 until the recording has been read.", examples=[8])
    eta_seconds: float | None = Field(description="Seconds still needed, once known.", examples=[14.0])
    queue_position: int | None = Field(description="1 is next; null when not waiting, and in a batch.", examples=[None])
    waits_for: ErrorDetail | None = Field(
        description="What keeps it from going on while it is running, for example that the cluster has no room.",
        examples=[None],
    )


class WordAnswer(BaseModel):
    """A Chinese character, a Latin word, or what is written for several of them."""

    text: str = Field(description="What the person reads, with the punctuation after it.", examples=["35%。"])
    start: float = Field(description="Seconds from the beginning of the recording.", examples=[1.24])
    end: float = Field(examples=[2.31])
    confidence: float = Field(description="0 to 1.", examples=[0.91])
    raw: str = Field(description="As spoken, where that differs.", examples=["百分之三十五"])
    was: str = Field(
        default="",
        description="What was written before a rule of replacement, or before a filler was left out.",
        examples=[""],
    )


class SegmentAnswer(BaseModel):
    """One stretch of speech."""

    index: int = Field(examples=[0])
    start: float = Field(description="Seconds from the beginning.", examples=[0.42])
    end: float = Field(examples=[3.18])
    state: Literal["pending", "done", "failed"] = Field(examples=["done"])
    text: str = Field(description="What the person reads.", examples=["今天是2026年11月22日"])
    text_raw: str = Field(description="As the model said it.", examples=["今天是二零二六年十一月二十二日"])
    confidence: float | None = Field(description="0 to 1.", examples=[0.93])
    words: list[WordAnswer] = Field(description="In order; empty where the model gives no times.")
    channel: int | None = Field(
        description="On which it was said, counted from 1; null where the channels were mixed.",
        examples=[None],
    )
    emotion: str = Field(
        description="How it was said: neutral, happy, sad, angry, fearful, disgusted or surprised; empty where the "
        "model tells none.",
        examples=["neutral"],
    )
    events: list[str] = Field(
        description="What else was heard: music, applause, laughter, crying, cough, sneeze, breath or singing.",
        examples=[["laughter"]],
    )
    language: str = Field(
        description="As the model heard it: `zh`, `yue`, `en` and so on; empty where it tells none or was told.",
        examples=["zh"],
    )
    dropped: str = Field(description="Why text was withheld; empty otherwise.", examples=[""])
    error: ErrorDetail | None = Field(description="Why it failed.", examples=[None])


class ReceiptLine(BaseModel):
    """What was asked, what was used, and why they differ."""

    name: str = Field(examples=["device"])
    asked: str = Field(examples=["auto"])
    applied: str = Field(examples=["cpu"])
    reason: str = Field(description="Empty where asked and applied agree.", examples=["no CUDA device was found"])


class Place(BaseModel):
    """A stretch of the recording, in seconds."""

    start: float = Field(examples=[3.18])
    end: float = Field(examples=[3.92])


class HotwordAnswer(BaseModel):
    """What became of a hotword."""

    word: str = Field(examples=["阿里巴巴"])
    weight: float = Field(description="1 to 100.", examples=[20.0])
    status: HotwordStatus = Field(
        description="`matched`, `not_heard`, or `unusable`: it has characters that the model cannot write.",
        examples=["matched"],
    )
    places: list[Place] = Field(description="Where it was heard.")
    unknown: str = Field(description="The characters that make it unusable.", examples=[""])


class TranscriptionItem(BaseModel):
    """One transcription in a list or an event."""

    id: str = Field(examples=["01jd9x3v6t8q"])
    name: str = Field(description="Name of the recording; it can be changed.", examples=["会议 (1).MP3"])
    state: JobState = Field(examples=["running"])
    source: str = Field(
        description="Where it came from: " + ", ".join(f"`{source}`" for source in Source) + ".",
        examples=["api"],
    )
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    started_at: Moment | None = Field(examples=["2026-11-22T18:57:02.001Z"])
    finished_at: Moment | None = Field(examples=[None])
    size_bytes: int = Field(examples=[482133])
    duration: float | None = Field(description="Seconds, once the recording has been read.", examples=[60.2])
    language: str | None = Field(description="`zh`, `en`, `zh-en` or `none`, once known.", examples=["zh"])
    model: str | None = Field(examples=["builtin"])
    device: str | None = Field(examples=["cpu"])
    options: Options
    channel_names: list[str] = Field(
        description="Who speaks on the channels, in their order; empty where nobody said.",
        examples=[["Me", "The others"]],
    )
    progress: Progress
    cancel_requested: bool = Field(examples=[False])
    text: str = Field(description="In lists and events only the first 1000 characters.", examples=["今天天气很好"])
    warnings: list[str] = Field(description="What was odd about the recording.", examples=[[]])
    error: ErrorDetail | None = Field(description="Why it failed.", examples=[None])
    revision: int = Field(description="Grows with every change; the id of events.", examples=[1284])
    edit_revision: int = Field(
        description="Grows with every change of the text by hand; 0 where it is as it was recognised.",
        examples=[0],
    )
    again_of: str | None = Field(
        description="Id of the first transcription of the same recording; null for the first.",
        examples=[None],
    )
    is_exportable: bool = Field(
        description="It has ended with a text; also true while only its speakers are still told apart.",
        examples=[False],
    )


class TrackAnswer(BaseModel):
    """A sound track of a recording or film."""

    number: int = Field(description="What the option `track` takes.", examples=[2])
    codec: str = Field(examples=["aac"])
    channels: int = Field(examples=[2])
    title: str = Field(description="As the file has it, or empty.", examples=["Director's comments"])
    language: str = Field(description="As the file has it: mostly a code of three letters.", examples=["eng"])


class Reading(BaseModel):
    """Another transcription of the same recording."""

    id: str = Field(examples=["01jd9x3v6t8q"])
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    state: JobState = Field(examples=["succeeded"])
    model: str | None = Field(examples=["builtin"])
    options: Options


class TranscriptionAnswer(TranscriptionItem):
    """One transcription with everything that is known."""

    text: str = Field(description="The whole text, as people have put it right.", examples=["今天天气很好"])
    text_raw: str = Field(description="As the model said it.", examples=["今天天气很好"])
    confidence: float | None = Field(description="Mean over the segments, 0 to 1.", examples=[0.93])
    segments: list[SegmentAnswer] = Field(
        description="As they were recognised; `/edits` tells what people wrote in their place."
    )
    receipt: list[ReceiptLine]
    hotwords: list[HotwordAnswer] = Field(description="One for each that was asked for.")
    tracks: list[TrackAnswer] = Field(
        description="The sound tracks of the recording, once it has been read; one of them was transcribed."
    )
    readings: list[Reading] = Field(
        description="The other transcriptions of the same recording, the oldest first; only where one is read."
    )


class Rename(RequestBody):
    """What can be changed; what is left out stays."""

    name: str | None = Field(default=None, description="New name, up to 255 characters.", examples=["会议 2026-11-22"])
    channel_names: list[Annotated[str, Field(max_length=LONGEST_NAME)]] | None = Field(
        default=None,
        max_length=32,
        description="Who speaks on the channels, in their order; one with an empty name has its number.",
        examples=[["Me", "The others"]],
    )


class Peaks(BaseModel):
    """The picture of the sound: for each stretch of equal length its lowest and highest sample."""

    peaks: list[tuple[int, int]] = Field(description="-127 to 127.", examples=[[[-12, 15], [-90, 88]]])
    events: SoundBands | None = Field(description="What sounds, if the extra that hears it was installed.")


class Counts(BaseModel):
    """Transcriptions by state."""

    queued: int = Field(examples=[2])
    running: int = Field(examples=[1])
    succeeded: int = Field(examples=[40])
    failed: int = Field(examples=[1])
    cancelled: int = Field(examples=[0])


class ModelAnswer(BaseModel):
    """The model and the process that computes it."""

    state: Literal["stopped", "loading", "ready", "busy", "failed"] = Field(examples=["ready"])
    name: str | None = Field(examples=["builtin"])
    languages: list[str] = Field(
        description="What it knows, beside `auto`; empty while it is not loaded.", examples=[["zh", "en"]]
    )
    device: str | None = Field(examples=["cpu"])
    dtype: str | None = Field(examples=["float32"])
    parameters: int | None = Field(examples=[9_800_000])
    load_seconds: float | None = Field(examples=[1.9])
    memory_bytes: int | None = Field(description="Resident memory of the process.", examples=[612_000_000])
    restarts: int = Field(description="How often the process had to be started again.", examples=[0])
    last_restart_reason: ErrorDetail | None = Field(examples=[None])
    problem: ErrorDetail | None = Field(description="Why the model is not usable.", examples=[None])
    receipt: list[ReceiptLine]


class Limits(BaseModel):
    """The largest recording that is taken."""

    max_upload_mb: int = Field(examples=[2048])
    max_duration_hours: float = Field(examples=[24.0])


class SystemAnswer(BaseModel):
    """What runs here."""

    version: str = Field(description="Of Fun-ASR WebUI.", examples=["0.2.0"])
    versions: dict[str, str] = Field(
        description="Of what it is built on.", examples=[{"python": "3.11.9", "torch": "2.14.1"}]
    )
    uptime_seconds: float = Field(examples=[3600.0])
    model: ModelAnswer
    queue: Counts
    disk_free_bytes: int = Field(description="Where recordings are kept.", examples=[120_000_000_000])
    limits: Limits
    languages: list[str] = Field(examples=[["auto", "zh", "en"]])
    formats: list[str] = Field(description="Of exports.", examples=[["txt", "srt", "vtt", "json", "csv", "docx"]])


class HealthAnswer(BaseModel):
    """The server can do its work."""

    status: Literal["ok"] = Field(examples=["ok"])
    model: Literal["stopped", "loading", "ready", "busy"] = Field(
        description="A stopped or loading model does not hinder: jobs wait for it.", examples=["ready"]
    )
