"""How a text is wanted, as `transcribe` and `watch` are both asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import UnknownLanguage
from app.domain.hotwords import Hotword
from app.engine import LANGUAGES
from app.formats import Format, find_format


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person asked for."""

    formats: tuple[str, ...]
    language: str = "auto"
    hotwords: tuple[Hotword, ...] = ()
    itn: bool = True
    punctuation: bool = True
    quality: str = "accurate"
    channels: str = "mix"

    def known_formats(self) -> tuple[Format, ...]:
        """Raises UnknownFormat."""
        return tuple(find_format(name) for name in self.formats)

    def check_language(self) -> None:
        """Raises UnknownLanguage."""
        if self.language not in LANGUAGES:
            raise UnknownLanguage(language=self.language, known=", ".join(LANGUAGES))
