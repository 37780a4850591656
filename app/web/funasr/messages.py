"""What FunASR's clients send between the sounds: the configuration of a recording, and its end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic_core import from_json

from app.domain.client_request import LONGEST_VALUE, ClientRequest, FormPart
from app.domain.errors.base import N_
from app.domain.errors.funasr import FunasrMessageWrong, FunasrModeUnknown
from app.domain.hotwords import Hotword
from app.domain.languages import AUTO, known_language
from app.domain.options import TranscriptionOptions
from app.services.live import HIGHEST_RATE, LOWEST_RATE
from app.web.funasr.hotwords import read_hotwords
from app.web.request import FUNASR_PATH

LONGEST_MESSAGE = 256 * 1024  # characters
LONGEST_NAME = 1000
USUAL_RATE = 16_000
USUAL_NAME = "wav-default-id"  # as in the C++ runtime
USED = frozenset(
    {"mode", "wav_name", "wav_format", "audio_fs", "is_speaking", "is_finished", "is_end", "hotwords", "hotword"}
    | {"itn", "svs_lang", "svs_itn", "language"}
)


class Mode(StrEnum):
    OFFLINE = "offline"
    ONLINE = "online"
    TWO_PASS = "2pass"  # noqa: S105 - no password


@dataclass(frozen=True, slots=True)
class Configuration:
    """How one recording is to be recognised."""

    mode: Mode = Mode.TWO_PASS
    name: str = USUAL_NAME
    """As it came; it is echoed."""
    format: str = "pcm"
    rate: int = USUAL_RATE
    hotwords: tuple[Hotword, ...] = ()
    itn: bool | None = None
    language: str = ""
    ignored: tuple[str, ...] = ()
    """Members that have no effect here."""
    sent: tuple[tuple[str, str], ...] = ()
    """All members as they came, their values as JSON."""

    @property
    def is_pcm(self) -> bool:
        return self.format == "pcm"

    @property
    def request(self) -> ClientRequest:
        """Return what came, for cases and replays."""
        return ClientRequest(FUNASR_PATH, tuple(FormPart(name, value[:LONGEST_VALUE]) for name, value in self.sent))

    def options_over(self, defaults: TranscriptionOptions) -> TranscriptionOptions:
        return replace(
            defaults,
            hotwords=self.hotwords or defaults.hotwords,
            itn=defaults.itn if self.itn is None else self.itn,
            language=self.language or defaults.language,
        )


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A JSON message."""

    members: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_end(self) -> bool:
        """Whether the recording ends here."""
        return self.members.get("is_speaking") is False or self.members.get("is_finished") is True

    @property
    def wants_acknowledgement(self) -> bool:
        return self.members.get("is_end") is True

    @property
    def name(self) -> str:
        name = self.members.get("wav_name")
        return name[:LONGEST_NAME] if isinstance(name, str) else ""

    def configuration(self) -> Configuration:
        """Return the configuration that it holds.

        Raises:
            FunasrModeUnknown, FunasrMessageWrong, InvalidParameter
        """
        told = self.members
        language, is_known = _language(told)
        itn = told.get("itn", told.get("svs_itn"))
        return Configuration(
            mode=_mode(told.get("mode")),
            name=self.name or USUAL_NAME,
            format=_format(told.get("wav_format")),
            rate=_rate(told.get("audio_fs")),
            hotwords=read_hotwords(told.get("hotwords") or told.get("hotword") or None),
            itn=itn if isinstance(itn, bool) else None,
            language=language,
            sent=tuple((name, json.dumps(value, ensure_ascii=False)) for name, value in told.items()),
            ignored=tuple(sorted({*(told.keys() - USED), *([] if is_known else ["svs_lang"])})),
        )


def parse(text: str) -> TextMessage:
    """Read a text frame.

    Raises:
        FunasrMessageWrong: it is too long, or no JSON object.
    """
    if len(text) > LONGEST_MESSAGE:
        raise FunasrMessageWrong(reason=N_("it is too long"))
    try:
        told = from_json(text, allow_inf_nan=False)  # unlike json, it takes no halves of characters
    except ValueError:
        raise FunasrMessageWrong(reason=N_("it is not well-formed JSON")) from None
    if not isinstance(told, dict):
        raise FunasrMessageWrong(reason=N_("it is no JSON object"))
    return TextMessage(told)


def _mode(given: Any) -> Mode:
    if given is None:
        return Mode.TWO_PASS
    if not isinstance(given, str) or given.strip().lower() not in set(Mode):
        raise FunasrModeUnknown(mode=str(given)[:40], known=", ".join(Mode))
    return Mode(given.strip().lower())


def _format(given: Any) -> str:
    name = given.strip().lower().lstrip(".") if isinstance(given, str) else ""
    return name or "pcm"


def _rate(given: Any) -> int:
    if given is None:
        return USUAL_RATE
    text = str(given).strip()
    if isinstance(given, bool) or not text.isdecimal() or not LOWEST_RATE <= int(text[:9]) <= HIGHEST_RATE:
        raise FunasrMessageWrong(reason=N_("audio_fs must be a number from 8000 to 192000"))
    return int(text)


def _language(told: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the language, empty for the usual one, and whether it is known."""
    given = told.get("svs_lang", told.get("language"))
    if not isinstance(given, str) or not given.strip():
        return "", True
    language = known_language(given)
    return ("" if language in (None, AUTO) else str(language)), language is not None
