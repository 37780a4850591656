"""The fields of an upload beside its file: each is checked when it has arrived, so that a mistake is told early."""

from __future__ import annotations

import json
from dataclasses import replace

from app.domain.errors import N_, InvalidParameter, UnknownLanguage
from app.domain.hotwords import Hotword, parse_hotwords
from app.services.transcriptions.job_queue import CHANNELS, LANGUAGES, QUALITIES, JobOptions

TRUE_WORDS = ("true", "1", "on", "yes")
FALSE_WORDS = ("false", "0", "off", "no")


class UploadFields:
    """What was chosen so far; the rest is as the server has it."""

    def __init__(self, defaults: JobOptions) -> None:
        self._defaults = defaults
        self._language = defaults.language
        self._itn = defaults.itn
        self._quality = defaults.quality
        self._punctuation = defaults.punctuation
        self._channels = defaults.channels
        self._hotwords: list[str] = []

    def take(self, field: str, value: str) -> None:
        if field == "language":
            self._language = parse_language(value)
        elif field == "itn":
            self._itn = parse_switch(field, value)
        elif field == "punctuation":
            self._punctuation = parse_switch(field, value)
        elif field == "quality":
            self._quality = parse_quality(value)
        elif field == "channels":
            self._channels = parse_channels(value)
        else:
            self._hotwords += map(str, read_hotwords(value))
            parse_hotwords(self._hotwords)  # repeated fields may be too many together

    def options(self) -> JobOptions:
        return replace(
            self._defaults,
            language=self._language,
            hotwords=parse_hotwords(self._hotwords),
            itn=self._itn,
            quality=self._quality,
            punctuation=self._punctuation,
            channels=self._channels,
        )


def parse_language(value: str) -> str:
    """Return a known language; nothing means `auto`.

    Raises:
        UnknownLanguage: it is none of LANGUAGES.
    """
    language = value.strip().lower() or "auto"
    if language not in LANGUAGES:
        raise UnknownLanguage(language=value[:40], known=", ".join(LANGUAGES))
    return language


def parse_quality(value: str) -> str:
    """Return a known quality.

    Raises:
        InvalidParameter: it is none of QUALITIES.
    """
    quality = value.strip().lower()
    if quality not in QUALITIES:
        raise InvalidParameter(name="quality", reason=N_("it is neither fast, balanced nor accurate"))
    return quality


def parse_channels(value: str) -> str:
    """Return a known way to read the channels.

    Raises:
        InvalidParameter: it is none of CHANNELS.
    """
    channels = value.strip().lower()
    if channels not in CHANNELS:
        raise InvalidParameter(name="channels", reason=N_("it is neither mix nor separate"))
    return channels


def parse_switch(name: str, value: str) -> bool:
    """Return the truth of `true 1 on yes` or `false 0 off no`.

    Raises:
        InvalidParameter: it is neither.
    """
    word = value.strip().lower()
    if word in TRUE_WORDS + FALSE_WORDS:
        return word in TRUE_WORDS
    raise InvalidParameter(name=name, reason=N_("it is neither true nor false"))


def read_hotwords(value: str) -> tuple[Hotword, ...]:
    """Return the words of one field: a text as `parse_hotwords` reads it, or a JSON list.

    Raises:
        InvalidParameter: the JSON is broken or holds other things than texts, or a word is too long.
    """
    return parse_hotwords(_json_words(value) if value.lstrip().startswith("[") else value)


def _json_words(value: str) -> list[str]:
    try:
        words = json.loads(value)
    except (ValueError, RecursionError):
        words = None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return words
    raise InvalidParameter(name="hotwords", reason=N_("it is not a JSON list of texts"))
