"""Interface languages and translations. English texts are the keys; nothing here knows HTTP.

The catalogues under app/locale are read as .po files, so that no compiled file can be out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

Translate: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class InterfaceLanguage:
    """A language of the pages."""

    name: str
    """The language's own name."""
    tag: str
    """BCP 47, as of `<html lang>`."""


LANGUAGES = {"zh": InterfaceLanguage("中文", "zh-CN"), "en": InterfaceLanguage("English", "en")}
"""By catalogue folder, in display order; English needs no catalogue."""
LOCALE_DIR = Path(__file__).resolve().parent / "locale"
SCRIPTS = "static/js/"  # texts with a source below it are sent to the browser


def pick_language(cookie: str | None, accept_language: str | None) -> str:
    """Return the language to use: chosen by the user, else requested by the browser.

    A client without a preference gets Chinese; one that requests only unsupported languages gets English.
    """
    if cookie in LANGUAGES:
        return str(cookie)
    if not accept_language:
        return "zh"
    return next((tag for tag in _by_preference(accept_language) if tag in LANGUAGES), "en")


def translator(language: str) -> Translate:
    """Return a function that translates English texts to `language`; unknown texts stay English."""
    wording = _wording(language)
    return lambda text: wording.get(text) or text


@cache
def script_texts(language: str) -> Mapping[str, str]:
    """Return the translations of the texts in the browser's scripts; every page sends them."""
    return {str(message.id): str(message.string) for message in _messages(language) if _in_scripts(message)}


def catalogue(language: str) -> Catalog:
    """Read the catalogue of `language`; empty for English, whose texts are the keys."""
    with (LOCALE_DIR / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def _wording(language: str) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in _messages(language)}


@cache
def _messages(language: str) -> tuple[Message, ...]:
    if language == "en":
        return ()
    return tuple(message for message in catalogue(language) if message.id and message.string)


def _in_scripts(message: Message) -> bool:
    return any(str(place).startswith(SCRIPTS) for place, _line in message.locations)


def _by_preference(accept_language: str) -> Iterable[str]:
    """Yield primary language tags by preference ("zh-CN,en;q=0.5" gives zh, en)."""
    ranges = [item.partition(";") for item in accept_language.split(",")]
    wanted = [(tag.strip().lower().partition("-")[0], _quality(weight)) for tag, _, weight in ranges]
    return (tag for tag, quality in sorted(wanted, key=lambda pair: -pair[1]) if quality > 0)


def _quality(parameter: str) -> float:
    try:
        return float(parameter.strip().removeprefix("q=")) if parameter.strip() else 1.0
    except ValueError:
        return 0.0
