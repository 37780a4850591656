"""The messages of a live client, validated on arrival."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from app.domain.errors.base import N_
from app.domain.errors.live import LiveMessageWrong, LiveRateWrong, LiveSoundWrong
from app.domain.options import VadOptions
from app.domain.transcript import LONGEST_NAME
from app.services.live import MOST_CHANNELS, Channels
from app.services.options import OPTIONS, OptionsPatch, VadPatch
from app.web.forms.file_names import clean_name
from app.web.live.names import name_by_time

if TYPE_CHECKING:
    from app.domain.options import TranscriptionOptions
    from app.i18n import Translate

RATE = 16_000
NUMBER_BYTES = 4
BYTES_PER_SAMPLE = 2
LARGEST_CHUNK_SAMPLES = RATE  # one second
LONGEST_MESSAGE = 64 * 1024  # characters


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")


class LiveVad(VadPatch):
    model_config = ConfigDict(extra="ignore", strict=False)

    def apply(self, base: VadOptions) -> VadOptions:
        """Return `base` with these changes; the padding around speech shrinks with the maximum segment length."""
        longest = base.max_segment_ms if self.max_segment_ms is None else self.max_segment_ms
        room = self.model_copy(update={"speech_pad_ms": min(base.speech_pad_ms, longest // 4)})
        return super(LiveVad, room).apply(base)


LIVE_OPTIONS = tuple(name for name in OPTIONS if name not in ("channels", "track", "model", "vad"))
"""The options of a session."""


ChannelName = Annotated[str, Field(max_length=LONGEST_NAME)]
Ignored = Annotated[None, BeforeValidator(lambda _: None)]
"""Accepts and drops options that sessions lack, for clients that send all options of a form."""


class LiveOptions(OptionsPatch):
    """The options of a session; its audio is recognised by the active model."""

    model_config = ConfigDict(extra="ignore", strict=False)

    channels: Ignored = Field(default=None, exclude=True)
    model: Ignored = Field(default=None, exclude=True)
    vad: Ignored = Field(default=None, exclude=True)


class SettingsWanted(_Message):
    type: Literal["settings"]
    options: LiveOptions = LiveOptions()
    vad: LiveVad = LiveVad()

    def options_over(self, present: TranscriptionOptions) -> TranscriptionOptions:
        """Return `present` with these changes; whether speakers are told apart is settled when a session begins.

        Raises:
            InvalidParameter, UnknownLanguage
        """
        return replace(_merged(self.options, self.vad, present), speakers=present.speakers)


class AudioStart(_Message):
    type: Literal["audio-start"]
    session: str | None = None
    token: str | None = None
    name: str | None = Field(default=None, max_length=1000)
    sample_rate: int | None = None
    channels: int = Field(default=1, ge=1, le=MOST_CHANNELS)
    channel_names: list[ChannelName] = Field(default=[], max_length=MOST_CHANNELS)
    options: LiveOptions = LiveOptions()
    vad: LiveVad = LiveVad()

    @model_validator(mode="before")
    @classmethod
    def _without_settings_of_a_resumed_session(cls, given: Any) -> Any:
        """A session that is resumed keeps its settings: what the page shows may just have been refused."""
        if not isinstance(given, dict) or not given.get("session"):
            return given
        return {name: value for name, value in given.items() if name not in ("options", "vad")}

    def options_over(self, defaults: TranscriptionOptions) -> TranscriptionOptions:
        """Return the given options on top of the server's defaults.

        Raises:
            LiveRateWrong, InvalidParameter, UnknownLanguage
        """
        if self.sample_rate not in (None, RATE):
            raise LiveRateWrong(rate=self.sample_rate)
        return _merged(self.options, self.vad, defaults)

    @property
    def said_channels(self) -> Channels:
        """Return the channels of a new session."""
        return Channels(self.channels, tuple(name.strip() for name in self.channel_names[: self.channels]))

    def name_in(self, translate: Translate) -> str:
        """Return the name of the transcription: the client's, or one made from the time."""
        return clean_name(self.name or "") or name_by_time(translate)


class Ping(_Message):
    type: Literal["ping"]
    sent_at: float


class AudioStop(_Message):
    type: Literal["audio-stop"]
    chunks: int = Field(ge=0)


class Commit(_Message):
    type: Literal["commit"]


class Clear(_Message):
    type: Literal["clear"]


ClientMessage: TypeAlias = AudioStart | SettingsWanted | Commit | Clear | Ping | AudioStop
_messages: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


def parse(text: str) -> ClientMessage:
    """Read a text frame.

    Raises:
        LiveMessageWrong: it is not a message of the protocol.
    """
    if len(text) > LONGEST_MESSAGE:
        raise LiveMessageWrong(reason=N_("it is too long"))
    try:
        return _messages.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise LiveMessageWrong(reason=f"{place}: {first['msg']}" if place else first["msg"]) from None


def chunk_of(frame: bytes, channels: int = 1) -> tuple[int, bytes]:
    """Return number and samples of a binary frame.

    Raises:
        LiveSoundWrong
    """
    block, size = BYTES_PER_SAMPLE * channels, len(frame) - NUMBER_BYTES
    if size > block * LARGEST_CHUNK_SAMPLES:
        raise LiveSoundWrong(reason=N_("it is longer than a second"))
    if size < block or size % block:
        raise LiveSoundWrong(reason=N_("it holds no whole samples"))
    return int.from_bytes(frame[:NUMBER_BYTES], "little"), frame[NUMBER_BYTES:]


def _merged(options: LiveOptions, vad: LiveVad, present: TranscriptionOptions) -> TranscriptionOptions:
    return replace(options.apply(present), vad=vad.apply(present.vad))
