"""Which languages can be chosen for a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.languages import AUTO, LANGUAGES

if TYPE_CHECKING:
    from app.web.dependencies import State


def spoken_languages(state: State) -> list[str]:
    """Return `auto` and what the model knows; where neither it nor its files tell, all that any model knows."""
    info = state["inference"].status().info
    known = (info.languages if info else state["models"].languages_in_use()) or LANGUAGES
    return [code for code in LANGUAGES if code == AUTO or code in known]
