"""Which languages can be chosen for a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.jobs.queue import LANGUAGES
from app.paths import builtin_model_dir

if TYPE_CHECKING:
    from app.web.dependencies import State

OF_THE_BUILTIN = ("zh", "en")


def spoken_languages(state: State) -> list[str]:
    """Return `auto` and what the model knows; before an unknown model has been loaded, all that any model knows."""
    info = state["inference"].status().info
    is_builtin = state["models"].folder_in_use() == builtin_model_dir()
    known = info.languages if info else OF_THE_BUILTIN if is_builtin else LANGUAGES
    return [code for code in LANGUAGES if code == "auto" or code in known]
