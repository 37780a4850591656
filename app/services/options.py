"""The options of a transcription as received from a form, JSON, a live message or the command line.

`OptionsPatch` is the only list of them: every interface derives its fields, names and checks from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, WithJsonSchema

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter, UnknownLanguage
from app.domain.hotwords import GREATEST_WEIGHT, LEAST_WEIGHT, Hotword, listed_hotwords, parse_hotwords
from app.domain.languages import LANGUAGES
from app.domain.options import CHANNELS, DETECTORS, QUALITIES, SPEAKERS, TranscriptionOptions, VadOptions
from app.domain.replacements import KINDS, LONGEST, ReplacementRule, listed_rules, parse_rules

AS_TEXT = {"as": "text"}
"""Context of values that a person wrote as in a form; JSON has numbers and switches of its own."""
MOST_TRACKS = 99
TRUE_WORDS = ("true", "1", "on", "yes")
FALSE_WORDS = ("false", "0", "off", "no")


def parse_language(value: str) -> str:
    """Return a known language; an empty string means `auto`.

    Raises:
        UnknownLanguage: it is not in LANGUAGES.
    """
    language = value.strip().lower() or "auto"
    if language not in LANGUAGES:
        raise UnknownLanguage(language=value[:40], known=", ".join(LANGUAGES))
    return language


def _parse_language(value: object) -> object:
    return parse_language(value) if isinstance(value, str) else value


def _parse_quality(value: object) -> object:
    return _parse_choice("quality", value, QUALITIES, N_("it is neither fast, balanced nor accurate"))


def _parse_channels(value: object) -> object:
    return _parse_choice("channels", value, CHANNELS, N_("it is neither mix nor separate"))


def parse_speakers(value: object) -> object:
    """Return one of SPEAKERS for a text or a number.

    Raises:
        InvalidParameter: it is none of them.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return _parse_choice("speakers", value, SPEAKERS, N_("it is neither off, auto nor a number from 2 to 20"))


def _parse_choice(name: str, value: object, choices: tuple[str, ...], reason: str) -> object:
    if not isinstance(value, str):
        return value
    choice = value.strip().lower()
    if choice not in choices:
        raise InvalidParameter(name=name, reason=reason)
    return choice


def _parse_switch(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str) or info.context is not AS_TEXT:
        return value
    word = value.strip().lower()
    if word not in TRUE_WORDS + FALSE_WORDS:
        raise InvalidParameter(name=info.field_name, reason=N_("it is neither true nor false"))
    return word in TRUE_WORDS


def _choices(values: Iterable[str]) -> Callable[[dict[str, Any]], None]:
    """Return what writes the allowed texts into the schema of an optional text."""

    def describe(schema: dict[str, Any]) -> None:
        schema["anyOf"][0]["enum"] = list(values)

    return describe


Switch = Annotated[bool, BeforeValidator(_parse_switch)]


def _read_hotwords(value: object) -> object:
    if isinstance(value, str):
        return parse_hotwords(value)
    if isinstance(value, list) and all(isinstance(item, str | Mapping) for item in value):
        return listed_hotwords(value)
    raise InvalidParameter(name="hotwords", reason=N_("it is neither a text nor a list"))


def _read_rules(value: object) -> object:
    if isinstance(value, str):
        return parse_rules(value)
    if isinstance(value, list) and all(isinstance(item, str | Mapping) for item in value):
        return listed_rules(value)
    raise InvalidParameter(name="replacements", reason=N_("it is neither a text nor a list"))


RULE = {
    "type": "object",
    "properties": {
        "wrong": {"type": "string", "minLength": 1, "maxLength": LONGEST},
        "right": {"type": "string", "maxLength": LONGEST},
        "kind": {"type": "string", "enum": list(KINDS)},
    },
    "required": ["wrong"],
    "additionalProperties": False,
}
Rules = Annotated[
    tuple[ReplacementRule, ...],
    BeforeValidator(_read_rules),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"anyOf": [{"type": "string"}, RULE]}}]}),
]
WEIGHTED_WORD = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "weight": {"type": "number", "minimum": LEAST_WEIGHT, "maximum": GREATEST_WEIGHT},
    },
    "required": ["text"],
    "additionalProperties": False,
}
Hotwords = Annotated[
    tuple[Hotword, ...],
    BeforeValidator(_read_hotwords),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"anyOf": [{"type": "string"}, WEIGHTED_WORD]}},
            ]
        }
    ),
]


class VadPatch(BaseModel):
    """What is to be different in how speech is found; the rest stays as it is. Lengths are in milliseconds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    detector: str | None = Field(
        default=None,
        description=f"One of {', '.join(DETECTORS)}. Without: the one whose own options are given.",
    )
    threshold: float | None = Field(
        default=None, description="Of silero: probability from which a frame is speech, 0 to 1."
    )
    mode: int | None = Field(default=None, description="Of webrtcvad: 0 keeps most sound, 3 drops most.")
    frame_ms: int | None = Field(default=None, description="Of webrtcvad: 10, 20 or 30, the length of one frame.")
    max_segment_ms: int | None = Field(default=None, le=60_000, description="Longest stretch, padding included.")
    min_speech_ms: int | None = Field(default=None, le=10_000, description="A stretch with less speech is dropped.")
    min_silence_ms: int | None = Field(default=None, le=10_000, description="Silence that ends a stretch.")
    speech_pad_ms: int | None = Field(default=None, le=2000, description="Sound kept before and after.")

    def apply(self, base: VadOptions) -> VadOptions:
        """Return `base` with these changes.

        Raises:
            InvalidParameter: a value is out of bounds, or two contradict each other.
        """
        return base.with_changes(**self.model_dump(exclude_none=True))


class OptionsPatch(BaseModel):
    """What is to be different in a transcription; what is left out is as the server or the first transcription has it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    language: Annotated[str, BeforeValidator(_parse_language)] | None = Field(
        default=None,
        description="What is spoken: `auto`, or the code of a language; the receipt says where a model does not know it.",
        examples=["zh"],
        json_schema_extra=_choices(("", *LANGUAGES)),
    )
    hotwords: Hotwords | None = Field(
        default=None,
        description="Words to listen for, one on each line or parted by commas, with a weight from 1 to 100 after a "
        "colon (`Conformer:30`; 20 is usual). In a JSON list, a text is a phrase as it stands, and an object has a weight.",
        examples=[["转写", {"text": "Conformer", "weight": 30}]],
    )
    itn: Switch | None = Field(
        default=None, description="Write spoken numbers, dates and units as digits.", examples=[True]
    )
    punctuation: Switch | None = Field(
        default=None,
        description="Punctuate by the pauses where the model itself does not.",
        examples=[True],
    )
    remove_fillers: Switch | None = Field(
        default=None,
        description="Leave out what people say while they think (um, uh, 嗯, 呃); `text_raw` keeps it.",
        examples=[False],
    )
    replacements: Rules | None = Field(
        default=None,
        description="Rules of replacement for the written text, in place of the server's, one on each line: "
        "`wrong => right` replaces the characters as they stand, `word: wrong => right` whole words in any case, "
        "`regex: wrong => right` what a regular expression finds (at most 50 ms a segment), `sound: 张姗 => 张珊` whatever "
        "is pronounced like these Chinese characters. `text_raw` stays as the model said it.",
        examples=[["范一安 => FunASR", {"wrong": "张姗", "right": "张珊", "kind": "sound"}]],
    )
    quality: Annotated[str, BeforeValidator(_parse_quality)] | None = Field(
        default=None,
        description="`fast` reads every frame alone, `balanced` searches for the likeliest text and listens for "
        "hotwords, `accurate` reads what was found again where the model can.",
        examples=["accurate"],
        json_schema_extra=_choices(QUALITIES),
    )
    channels: Annotated[str, BeforeValidator(_parse_channels)] | None = Field(
        default=None,
        description="`mix` reads all channels as one, `separate` each on its own, as in calls with one person on "
        "each; the receipt says where there was only one to read.",
        examples=["separate"],
        json_schema_extra=_choices(CHANNELS),
    )
    track: int | None = Field(
        default=None,
        ge=0,
        le=MOST_TRACKS,
        description="The sound track to read where a recording or film has several, counted from 1; 0 is the first, "
        "or the loudest if that is silent. The receipt says which it was.",
        examples=[2],
    )
    model: str | None = Field(
        default=None,
        description="Name of a model that is here and reads it in a process of its own; empty: the one in use.",
        examples=["whisper-base"],
    )
    speakers: Annotated[str, BeforeValidator(parse_speakers)] | None = Field(
        default=None,
        description="Whether speakers are told apart by their voices: `off`, `auto` finds how many there are, or their "
        "number from 2 to 20. The receipt says why a text has no speakers.",
        examples=["auto"],
        json_schema_extra=_choices(SPEAKERS),
    )
    vad: VadPatch | None = Field(default=None, description="How speech is found.")

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Return the patch for values a person wrote, as in a form or on the command line.

        Raises:
            InvalidParameter, UnknownLanguage: a value is invalid for its option.
        """
        try:
            return cls.model_validate(values, strict=False, context=AS_TEXT)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"][:1])
            raise InvalidParameter(name=name, reason=first["msg"]) from error

    def apply(self, base: TranscriptionOptions) -> TranscriptionOptions:
        """Return `base` with these changes.

        Raises:
            InvalidParameter: two of them contradict each other.
        """
        changes = {name: getattr(self, name) for name in self.given() if name != "vad"}
        if self.vad is not None:
            changes["vad"] = self.vad.apply(base.vad)
        return replace(base, **changes)

    def given(self) -> Iterable[str]:
        """Return the names of the options to change."""
        return [name for name in OPTIONS if getattr(self, name) is not None]


CHOICES = {"quality": QUALITIES, "channels": CHANNELS, "speakers": SPEAKERS}
OPTIONS = tuple(OptionsPatch.model_fields)
"""The names of all options."""
SWITCHES = tuple(name for name in OPTIONS if isinstance(getattr(TranscriptionOptions(), name), bool))
FORM_OPTIONS = tuple(name for name in OPTIONS if name != "vad")
"""Those whose value is a single string."""
