"""What the client of live recognition may say; each message is checked before anybody acts on it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.domain.errors import N_, LiveMessageWrong, LiveRateWrong, LiveSoundWrong
from app.web.forms.fields import parse_language, parse_quality, read_hotwords
from app.web.forms.file_names import clean_name

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.services.transcriptions.job_queue import JobOptions

RATE = 16_000
NUMBER_BYTES = 4
LARGEST_CHUNK_BYTES = NUMBER_BYTES + 2 * RATE  # one second
LONGEST_MESSAGE = 64 * 1024  # characters


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")


class WantedOptions(_Message):
    """What is left out stays as it is."""

    language: str | None = None
    quality: str | None = None
    hotwords: list[str] | str | None = None
    itn: bool | None = None
    punctuation: bool | None = None


class WantedVad(_Message):
    detector: str | None = None
    threshold: float | None = Field(default=None, ge=0, le=1)
    mode: int | None = None
    min_silence_ms: int | None = Field(default=None, le=10_000)
    max_segment_ms: int | None = Field(default=None, le=60_000)
    min_speech_ms: int | None = Field(default=None, le=10_000)


class SettingsWanted(_Message):
    type: Literal["settings"]
    options: WantedOptions = WantedOptions()
    vad: WantedVad = WantedVad()

    def options_over(self, present: JobOptions) -> JobOptions:
        """Return `present` with what is wanted.

        Raises:
            InvalidParameter, UnknownLanguage
        """
        return _merged(self.options, self.vad, present)


class AudioStart(_Message):
    type: Literal["audio-start"]
    session: str | None = None
    token: str | None = None
    name: str | None = Field(default=None, max_length=1000)
    sample_rate: int | None = None
    options: WantedOptions = WantedOptions()
    vad: WantedVad = WantedVad()

    def options_over(self, defaults: JobOptions) -> JobOptions:
        """Return what was chosen, over what the server has.

        Raises:
            LiveRateWrong, InvalidParameter, UnknownLanguage
        """
        if self.sample_rate not in (None, RATE):
            raise LiveRateWrong(rate=self.sample_rate)
        return _merged(self.options, self.vad, defaults)

    def name_in(self, translate: Translate) -> str:
        """Return how the transcription is called: as the client says, or by the time."""
        now = datetime.now().astimezone()
        return clean_name(self.name or "") or f"{translate(N_('Live'))} {now:%Y-%m-%d %H:%M}"


class Ping(_Message):
    type: Literal["ping"]
    sent_at: float


class AudioStop(_Message):
    type: Literal["audio-stop"]
    chunks: int = Field(ge=0)


ClientMessage: TypeAlias = AudioStart | SettingsWanted | Ping | AudioStop
_messages: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


def parse(text: str) -> ClientMessage:
    """Read a text frame.

    Raises:
        LiveMessageWrong: it is none of the protocol's.
    """
    if len(text) > LONGEST_MESSAGE:
        raise LiveMessageWrong(reason=N_("it is too long"))
    try:
        return _messages.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise LiveMessageWrong(reason=f"{place}: {first['msg']}" if place else first["msg"]) from None


def chunk_of(frame: bytes) -> tuple[int, bytes]:
    """Return number and samples of a binary frame.

    Raises:
        LiveSoundWrong
    """
    if len(frame) > LARGEST_CHUNK_BYTES:
        raise LiveSoundWrong(reason=N_("it is longer than a second"))
    if len(frame) < NUMBER_BYTES + 2 or len(frame) % 2:
        raise LiveSoundWrong(reason=N_("it holds no whole samples"))
    return int.from_bytes(frame[:NUMBER_BYTES], "little"), frame[NUMBER_BYTES:]


def _merged(options: WantedOptions, vad: WantedVad, present: JobOptions) -> JobOptions:
    chosen: dict[str, Any] = options.model_dump(exclude_none=True)
    if "language" in chosen:
        chosen["language"] = parse_language(chosen["language"])
    if "quality" in chosen:
        chosen["quality"] = parse_quality(chosen["quality"])
    if "hotwords" in chosen:
        words = chosen["hotwords"]
        chosen["hotwords"] = read_hotwords(words if isinstance(words, str) else json.dumps(words))
    wanted = vad.model_dump(exclude_none=True)
    longest = wanted.get("max_segment_ms", present.vad.max_segment_ms)
    pad = min(present.vad.speech_pad_ms, longest // 4)  # no more fits
    return replace(present, **chosen, vad=present.vad.with_asked(**wanted, speech_pad_ms=pad))
