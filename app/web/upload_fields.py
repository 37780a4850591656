"""The fields of an upload beside its file: each is checked when it has arrived, so that a mistake is told early."""

from __future__ import annotations

import json

from app.errors import N_, InvalidParameter, UnknownLanguage
from app.jobs.queue import LANGUAGES, JobOptions

TRUE_WORDS = ("true", "1", "on", "yes")
FALSE_WORDS = ("false", "0", "off", "no")
MOST_HOTWORDS = 1000
LONGEST_HOTWORD = 100  # characters


class UploadFields:
    """What was chosen so far; the rest is as the server has it."""

    def __init__(self, defaults: JobOptions) -> None:
        self._defaults = defaults
        self._language = defaults.language
        self._itn = defaults.itn
        self._hotwords: dict[str, None] = {}

    def take(self, field: str, value: str) -> None:
        if field == "language":
            self._language = parse_language(value)
        elif field == "itn":
            self._itn = parse_switch(field, value)
        else:
            self._hotwords |= dict.fromkeys(parse_hotwords(value))
            if len(self._hotwords) > MOST_HOTWORDS:
                raise InvalidParameter(name=field, reason=N_("there are more than 1000 words"))

    def options(self) -> JobOptions:
        return JobOptions(
            language=self._language, hotwords=tuple(self._hotwords), itn=self._itn, vad=self._defaults.vad
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


def parse_switch(name: str, value: str) -> bool:
    """Return the truth of `true 1 on yes` or `false 0 off no`.

    Raises:
        InvalidParameter: it is neither.
    """
    word = value.strip().lower()
    if word in TRUE_WORDS + FALSE_WORDS:
        return word in TRUE_WORDS
    raise InvalidParameter(name=name, reason=N_("it is neither true nor false"))


def parse_hotwords(value: str) -> list[str]:
    """Return the words of one field: one on each line, or a JSON list.

    Raises:
        InvalidParameter: the JSON is broken or holds other things than texts, or a word is too long.
    """
    words = _json_words(value) if value.lstrip().startswith("[") else value.splitlines()
    words = [" ".join(word.split()) for word in words]
    if any(len(word) > LONGEST_HOTWORD for word in words):
        raise InvalidParameter(name="hotwords", reason=N_("a word is longer than 100 characters"))
    return [word for word in words if word]


def _json_words(value: str) -> list[str]:
    try:
        words = json.loads(value)
    except (ValueError, RecursionError):
        words = None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return words
    raise InvalidParameter(name="hotwords", reason=N_("it is not a JSON list of texts"))
