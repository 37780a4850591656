"""The request of a program as its case tells it: the fields that mean the same to everybody, none that a person filled."""

from __future__ import annotations

import re
from typing import Any

from app.domain.client_request import ClientRequest, FormPart
from app.domain.errors.base import N_
from app.support.case import CaseChoice
from app.support.case.log import LEFT_OUT
from app.support.file_endings import ending_of
from app.support.redaction import NAMELESS

REQUEST = "request.json"
AS_SENT = N_("The request as a program has sent it")
PLAIN_FIELDS = frozenset(
    {
        *("language", "languages", "response_format", "temperature", "timestamp_granularities", "include", "stream"),
        *("chunking_strategy", "store", "itn", "punctuation", "quality", "channels", "encode", "task", "output"),
        *("vad_filter", "word_timestamps", "diarize", "enable_diarization", "min_speakers", "max_speakers"),
        *("return_speaker_embeddings", "api-version", "model"),
        *("mode", "wav_format", "audio_fs", "is_speaking", "is_finished", "is_end", "chunk_size", "chunk_interval"),
        *("encoder_chunk_look_back", "decoder_chunk_look_back", "svs_lang", "svs_itn"),
        *("format", "noise_reduction", "turn_detection", "delay", "intent"),
    }
)
"""Fields whose values are words and numbers of an API."""
NAMED_FIELDS = frozenset(
    {"file", "audio_file", "wav_name", "prompt", "initial_prompt", "keywords", "hotwords", "hotword", "phrase_bias"}
    | {"known_speaker_names", "known_speaker_references"}
)
"""Fields whose names are told, but not what they hold."""
LONGEST_PLAIN = 200

_BASE = re.compile(r"\[[a-z_0-9]*\]$")
_DEPLOYMENT = re.compile(r"(?<=^/openai/deployments/).+(?=/audio/)")
_CLIENT = re.compile(
    r"\b(?:(?:Async|Azure|AsyncAzure)?OpenAI|Python|JS|python-requests|python-httpx|aiohttp|curl|axios|node|undici|Bun"
    r"|Deno|okhttp|Go-http-client|ai-sdk|Subliminal|Speakr|FunASR)/[\w./]{1,30}"
)
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,60}", re.IGNORECASE)


def told_request(request: ClientRequest, choice: CaseChoice) -> dict[str, Any]:
    """Return the request; what the choice keeps private is marked as left out."""
    if choice.keep_text and choice.keep_names:
        return request.to_dict()
    deployment = request.path if choice.keep_names else _DEPLOYMENT.sub("deployment", request.path)
    return {
        "path": deployment,
        "query": [[_name(name, choice), _value(name, value, choice)] for name, value in request.query],
        "headers": {name: _header(name, value) for name, value in request.headers.items()},
        "parts": [_part(part, choice) for part in request.parts],
    }


def _part(part: FormPart, choice: CaseChoice) -> dict[str, Any]:
    told = {"name": _name(part.name, choice), "size_bytes": part.size_bytes}
    told["content_type"] = next(iter(_TYPE.findall(part.content_type)), "")
    told["value"] = None if part.value is None else _value(part.name, part.value, choice)
    told["file_name"] = _file_name(part.file_name, choice) if part.file_name else part.file_name
    return told


def _name(name: str, choice: CaseChoice) -> str:
    return name if choice.keep_text or _base(name) in PLAIN_FIELDS | NAMED_FIELDS else LEFT_OUT


def _value(name: str, value: str, choice: CaseChoice) -> str:
    is_plain = _base(name) in PLAIN_FIELDS and len(value) <= LONGEST_PLAIN
    return value if choice.keep_text or is_plain else LEFT_OUT


def _base(name: str) -> str:
    return _BASE.sub("", name)


def _file_name(name: str, choice: CaseChoice) -> str:
    if choice.keep_names:
        return name
    return NAMELESS + ending_of(name)


def _header(name: str, value: str) -> str:
    if name == "user-agent":
        return " ".join(_CLIENT.findall(value))
    return value if re.fullmatch(r"[a-z0-9*/+;,=. -]{1,100}", value) else LEFT_OUT
