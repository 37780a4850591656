"""What a request for a transcription asks for, out of the parts of its form.

The same list arrives as `keywords[]`, `keywords` or `keywords[0]`, an object as `chunking_strategy[type]` or as one JSON
text, and what was left out as an empty part.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.reasons import ONE_OF
from app.services.options import FALSE_WORDS, FORM_OPTIONS, TRUE_WORDS
from app.web.openai.models import DIARIZING

FIELD = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<member>[^\[\]]*)\])?")
NOTHING = ("null", "none", "undefined")  # how some programs write that a value is absent
GRANULARITIES = ("word", "segment")
LOGPROBS = "logprobs"
WORD_FIELDS = ("hotwords", "hotword", "phrase_bias")
"""Names of other servers for words to listen for."""
OWN_OPTIONS = tuple(name for name in FORM_OPTIONS if name not in ("language", "hotwords", "model"))


class ResponseFormat(StrEnum):
    """The form of an answer."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    VERBOSE_JSON = "verbose_json"
    DIARIZED_JSON = "diarized_json"


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One request for a transcription, with nothing decided yet about what can be done."""

    model: str = ""
    language: str = ""
    languages: tuple[str, ...] = ()
    """The allowed set."""
    keywords: tuple[str, ...] = ()
    """Phrases as they stand."""
    hotwords: tuple[str, ...] = ()
    """Texts that may hold several words each."""
    prompt: str = ""
    response_format: ResponseFormat = ResponseFormat.JSON
    temperature: str = ""
    granularities: frozenset[str] = frozenset()
    include: tuple[str, ...] = ()
    is_stream: bool = False
    chunking: Mapping[str, str] = field(default_factory=dict)
    """The members of `chunking_strategy`; `type` alone for a bare word."""
    known_names: tuple[str, ...] = ()
    known_references: tuple[str, ...] = ()
    """Data URLs of what the known speakers sound like."""
    is_kept: bool = True
    own: Mapping[str, str] = field(default_factory=dict)
    """Options of this program, which no other has."""

    @property
    def has_known_speakers(self) -> bool:
        return bool(self.known_names or self.known_references)

    @property
    def wants_speakers(self) -> bool:
        return self.response_format is ResponseFormat.DIARIZED_JSON or self.model == DIARIZING

    @property
    def wants_logprobs(self) -> bool:
        return LOGPROBS in self.include

    @property
    def wants_words(self) -> bool:
        return "word" in self.granularities

    @property
    def wants_segments(self) -> bool:
        return "segment" in self.granularities or not self.granularities


def read_request(values: Iterable[tuple[str, str]]) -> SpeechRequest:
    """Read the fields of a form.

    Raises:
        InvalidParameter: the value of one has no meaning.
    """
    fields = _Fields(values)
    return SpeechRequest(
        model=fields.text("model"),
        language=fields.text("language"),
        languages=fields.items("languages"),
        keywords=fields.phrases("keywords"),
        hotwords=tuple(text for name in WORD_FIELDS for text in fields.texts(name)) + fields.bare("keywords"),
        prompt=fields.text("prompt"),
        response_format=_response_format(fields.text("response_format")),
        temperature=fields.text("temperature"),
        granularities=_granularities(fields.items("timestamp_granularities")),
        include=fields.items("include"),
        is_stream=fields.switch("stream", is_usual=False),
        chunking=_chunking(fields),
        known_names=fields.listed("known_speaker_names"),
        known_references=fields.listed("known_speaker_references"),
        is_kept=fields.switch("store", is_usual=True),
        own={name: fields.text(name) for name in OWN_OPTIONS if fields.has(name)},
    )


class _Fields:
    """The fields by name; `name[]`, `name[0]` and `name[member]` are values of `name`."""

    def __init__(self, values: Iterable[tuple[str, str]]) -> None:
        self._values: defaultdict[str, list[tuple[str | None, str]]] = defaultdict(list)
        for sent, value in values:
            match = FIELD.fullmatch(sent)
            name, member = (match["name"], match["member"]) if match else (sent, None)
            if value.strip().lower() not in NOTHING:
                self._values[name].append((member, value.strip()))

    def has(self, name: str) -> bool:
        return bool(self._values.get(name))

    def text(self, name: str) -> str:
        """Return the last value."""
        return next((value for _, value in reversed(self._values.get(name, []))), "")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return each value as it stands."""
        return tuple(value for _, value in self._values.get(name, []))

    def bare(self, name: str) -> tuple[str, ...]:
        """Return the values that came without brackets."""
        return tuple(value for member, value in self._values.get(name, []) if member is None)

    def phrases(self, name: str) -> tuple[str, ...]:
        """Return the values that came with brackets."""
        return tuple(value for member, value in self._values.get(name, []) if member is not None)

    def items(self, name: str) -> tuple[str, ...]:
        """Return the items of a list of words, however it was sent, each once."""
        found = (item for value in self.texts(name) for item in _listed(name, value))
        return tuple(dict.fromkeys(filter(None, (item.strip() for item in found))))

    def listed(self, name: str) -> tuple[str, ...]:
        """Return the items of a list whose texts may hold commas: each is a value, or one of a JSON list."""
        found = (item for value in self.texts(name) for item in (_listed(name, value) if value[:1] == "[" else [value]))
        return tuple(filter(None, (item.strip() for item in found)))

    def members(self, name: str) -> dict[str, str]:
        """Return the members of an object that came as `name[member]`."""
        return {member: value for member, value in self._values.get(name, []) if member}

    def switch(self, name: str, *, is_usual: bool) -> bool:
        word = self.text(name).lower()
        if word and word not in TRUE_WORDS + FALSE_WORDS:
            raise InvalidParameter(name=name, reason=N_("it is neither true nor false"))
        return word in TRUE_WORDS if word else is_usual


def _listed(name: str, value: str) -> list[str]:
    if not value.startswith("["):
        return value.split(",")
    items = _from_json(name, value)
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return items
    raise InvalidParameter(name=name, reason=N_("it is not a JSON list of texts"))


def _response_format(value: str) -> ResponseFormat:
    if not value:
        return ResponseFormat.JSON
    try:
        return ResponseFormat(value.lower())
    except ValueError:
        raise InvalidParameter(name="response_format", reason=ONE_OF.of(values=", ".join(ResponseFormat))) from None


def _granularities(items: Iterable[str]) -> frozenset[str]:
    found = frozenset(item.lower() for item in items)
    if not found <= set(GRANULARITIES):
        reason = ONE_OF.of(values=", ".join(GRANULARITIES))
        raise InvalidParameter(name="timestamp_granularities", reason=reason)
    return found


def _chunking(fields: _Fields) -> dict[str, str]:
    members = fields.members("chunking_strategy")
    bare = next(iter(reversed(fields.bare("chunking_strategy"))), "")
    if not bare:
        return members
    if not bare.startswith("{"):
        return {"type": bare, **members}
    told = _from_json("chunking_strategy", bare)
    return {**{name: str(value) for name, value in told.items() if value is not None}, **members}


def _from_json(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise InvalidParameter(name=name, reason=N_("it is not well-formed JSON")) from None
