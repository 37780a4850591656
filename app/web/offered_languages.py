"""The languages offered for a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.languages import AUTO, LANGUAGES

if TYPE_CHECKING:
    from app.web.services import Services


def spoken_languages(services: Services) -> list[str]:
    """Return `auto` and the model's languages; if unknown, the languages of all models."""
    info = services.inference.status().info
    known = (info.languages if info else services.models.languages_in_use()) or LANGUAGES
    return [code for code in LANGUAGES if code == AUTO or code in known]
