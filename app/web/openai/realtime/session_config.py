"""The configuration of a realtime session: what a client may change, in both dialects, and what holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.domain.client_request import LONGEST_VALUE, ClientRequest, FormPart
from app.web.openai.realtime.problems import refused

REALTIME_PATH = "/v1/realtime"

LOGPROBS = "item.input_audio_transcription.logprobs"
PCM: Final = "audio/pcm"
MU_LAW: Final = "audio/pcmu"
A_LAW: Final = "audio/pcma"
USUAL_RATE: Final = 24_000
LONGEST_PROMPT = 20_000  # characters
MOST_WORDS = 1000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def merged(self, changes: _Part) -> Any:
        """Return this with the members that `changes` names."""
        return self.model_copy(update={name: getattr(changes, name) for name in changes.model_fields_set})


class AudioFormat(_Part):
    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
    rate: Literal[24_000, 16_000, 8_000] | None = None

    @property
    def samples_per_second(self) -> int:
        """The rate; G.711 is always telephone sound."""
        return (self.rate or USUAL_RATE) if self.type == PCM else 8_000

    def answer(self) -> dict[str, Any]:
        return {"type": PCM, "rate": self.samples_per_second} if self.type == PCM else {"type": self.type}


class NoiseReduction(_Part):
    type: Literal["near_field", "far_field"] | None = None
    strength: float | None = Field(default=None, ge=0)


class AudioTranscription(_Part):
    model: str | None = Field(default=None, max_length=200)
    language: str | None = Field(default=None, max_length=50)
    languages: list[str] | None = Field(default=None, max_length=100)
    keywords: list[str] | None = Field(default=None, max_length=MOST_WORDS)
    prompt: str | None = Field(default=None, max_length=LONGEST_PROMPT)
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class _Vad(_Part):
    create_response: bool | None = None
    interrupt_response: bool | None = None


class ServerVad(_Vad):
    type: Literal["server_vad"] = "server_vad"
    threshold: float | None = Field(default=None, ge=0, le=1)
    prefix_padding_ms: int | None = Field(default=None, ge=0, le=10_000)
    silence_duration_ms: int | None = Field(default=None, ge=0, le=10_000)
    idle_timeout_ms: int | None = None


class SemanticVad(_Vad):
    type: Literal["semantic_vad"]
    eagerness: Literal["low", "medium", "high", "auto"] | None = None


def _server_vad_unless_named(value: Any) -> Any:
    return {"type": "server_vad", **value} if isinstance(value, dict) else value


TurnDetection: TypeAlias = Annotated[
    Annotated[ServerVad | SemanticVad, Field(discriminator="type")], BeforeValidator(_server_vad_unless_named)
]
Include: TypeAlias = list[Literal["item.input_audio_transcription.logprobs"]]


class _AudioInput(_Part):
    format: AudioFormat | None = None
    noise_reduction: NoiseReduction | None = None
    transcription: AudioTranscription | None = None
    turn_detection: TurnDetection | None = None


class _Audio(_Part):
    input: _AudioInput = _AudioInput()


class SessionPatch(_Part):
    """The member `session` of the GA dialect's `session.update`."""

    type: Literal["transcription"] = "transcription"
    audio: _Audio = _Audio()
    include: Include | None = None


_Unused: TypeAlias = Annotated[None, BeforeValidator(lambda _: None)]
"""Members of conversations, which clients of the beta dialect send with everything."""


class BetaPatch(_Part):
    """The same in the beta dialect, where all members are in one place."""

    input_audio_format: Literal["pcm16", "g711_ulaw", "g711_alaw"] = "pcm16"
    input_audio_transcription: AudioTranscription | None = None
    input_audio_noise_reduction: NoiseReduction | None = None
    turn_detection: TurnDetection | None = None
    include: Include | None = None
    modalities: _Unused = None
    instructions: _Unused = None
    voice: _Unused = None
    output_audio_format: _Unused = None
    tools: _Unused = None
    tool_choice: _Unused = None
    temperature: _Unused = None
    max_response_output_tokens: _Unused = None
    speed: _Unused = None
    model: _Unused = None

    def as_ga(self) -> SessionPatch:
        """Return the same changes in today's form."""
        given = {_BETA_NAMES[name]: getattr(self, name) for name in self.model_fields_set & _BETA_NAMES.keys()}
        if "input_audio_format" in self.model_fields_set:
            given["format"] = BETA_FORMATS[self.input_audio_format]
        patch = SessionPatch(audio=_Audio(input=_AudioInput(**given)))
        return patch.model_copy(update={"include": self.include}) if "include" in self.model_fields_set else patch


_BETA_NAMES = {
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
}
BETA_FORMATS = {
    "pcm16": AudioFormat(type=PCM, rate=USUAL_RATE),
    "g711_ulaw": AudioFormat(type=MU_LAW),
    "g711_alaw": AudioFormat(type=A_LAW),
}


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What holds in a session."""

    format: AudioFormat = BETA_FORMATS["pcm16"]
    noise_reduction: NoiseReduction | None = None
    transcription: AudioTranscription | None = AudioTranscription()  # noqa: RUF009 - it is frozen
    turn_detection: ServerVad | SemanticVad | None = ServerVad()  # noqa: RUF009
    include: tuple[str, ...] = ()

    @property
    def with_logprobs(self) -> bool:
        return LOGPROBS in self.include

    @property
    def request(self) -> ClientRequest:
        """Return what was asked for, for cases and replays."""
        inner = self.transcription.model_dump(exclude_none=True) if self.transcription else {}
        parts = {name: getattr(self, name) for name in ("format", "noise_reduction", "turn_detection")}
        outer = {name: part and part.model_dump(exclude_none=True) for name, part in parts.items()}
        told = ((name, json.dumps(value, ensure_ascii=False)) for name, value in {**inner, **outer}.items())
        return ClientRequest(REALTIME_PATH, tuple(FormPart(name, value[:LONGEST_VALUE]) for name, value in told))

    def updated(self, patch: SessionPatch) -> SessionConfig:
        """Return this with the changes of `patch`: what it does not name stays, and null switches off."""
        given = patch.audio.input
        changes: dict[str, Any] = {name: self._changed(name, getattr(given, name)) for name in given.model_fields_set}
        if "format" in changes and changes["format"] is None:
            changes["format"] = BETA_FORMATS["pcm16"]
        if "include" in patch.model_fields_set:
            changes["include"] = tuple(patch.include or ())
        return replace(self, **changes)

    def _changed(self, name: str, new: _Part | None) -> _Part | None:
        """Return a part with its new members; a part of another kind is replaced."""
        present: _Part | None = getattr(self, name)
        is_replaced = new is None or present is None or type(present) is not type(new) or name == "format"
        return new if is_replaced or present is None or new is None else present.merged(new)


def parse_patch(session: Mapping[str, Any]) -> SessionPatch:
    """Read a GA session.

    Raises:
        RealtimeError: a member is unknown, or its value does not fit.
    """
    try:
        return SessionPatch.model_validate(session)
    except ValidationError as error:
        raise refused(error, "session") from None


def parse_beta_patch(session: Mapping[str, Any]) -> SessionPatch:
    """Read a session of the beta dialect.

    Raises:
        RealtimeError: a member is unknown, or its value does not fit.
    """
    try:
        return BetaPatch.model_validate(session).as_ga()
    except ValidationError as error:
        raise refused(error, "session") from None
