"""The selected model and the linked folders: one small file shared by all processes.

The server, a separate worker and the command line read and change it; changes are atomic.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from app.atomic import write_atomically
from app.domain.errors.base import Problem
from app.engine.catalog.known_models import BUILTIN
from app.locks import in_turn
from app.stored_json import read_json

FILE_NAME = "models.json"


@dataclass(frozen=True, slots=True)
class Choice:
    """Contents of the file."""

    model: str = BUILTIN
    """Name of the model to use."""
    previous: str = ""
    """The model to fall back to until `model` has loaded."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Linked models: name to path."""
    refused: str = ""
    """The last selected model that did not load."""
    problem: Mapping[str, Any] | None = None
    """Why it did not load."""
    offered: str = ""
    """The recommended model that was downloaded unasked; once removed or rejected, it is not downloaded again."""

    @property
    def refusal(self) -> Problem | None:
        return Problem.from_dict(self.problem) if self.problem else None


_CHOICE = TypeAdapter(Choice)


class ModelChoice:
    """The file `models.json` of a data folder."""

    def __init__(self, data_dir: Path, default: str = BUILTIN) -> None:
        """Use the file below `data_dir`; without one, `default` is selected."""
        self._file = data_dir / FILE_NAME
        self._default = default

    def read(self) -> Choice:
        """Return the choice; the default if the file is missing or damaged."""
        try:
            stored = read_json(self._file)
            known = {name: stored[name] for name in Choice.__dataclass_fields__ if name in stored}
            choice = _CHOICE.validate_python({"model": self._default, **known})
            _ = choice.refusal  # it is shown on pages
        except (OSError, ValueError, TypeError):
            return Choice(self._default)
        return choice

    @property
    def is_made(self) -> bool:
        """Return whether a model was selected, a folder linked, or the recommended model downloaded."""
        return self._file.exists()

    def change(self, edit: Callable[[Choice], Choice]) -> Choice:
        """Apply `edit` to the choice under an exclusive lock."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with in_turn(self._file.with_suffix(".lock")):
            before = self.read()
            after = edit(before)
            if after != before:
                self._write(after)
        return after

    def choose(self, model: str, *, is_tried: bool = False) -> Choice:
        """Use `model` from now on; unless `is_tried`, the previous one is kept as fallback until it has loaded."""

        def edit(choice: Choice) -> Choice:
            kept = choice.previous or choice.model
            previous = "" if is_tried or kept == model else kept
            return replace(choice, model=model, previous=previous, refused="", problem=None)

        return self.change(edit)

    def confirm(self, model: str) -> None:
        """Record that `model` has loaded."""
        self.change(lambda choice: replace(choice, previous="") if choice.model == model else choice)

    def refuse(self, model: str, problem: Problem) -> Choice:
        """Record that `model` does not load, and go back to the previous one if known."""

        def edit(choice: Choice) -> Choice:
            if choice.model != model:
                return choice
            back = choice.previous or model
            return replace(choice, model=back, previous="", refused=model, problem=problem.to_dict())

        return self.change(edit)

    def _write(self, choice: Choice) -> None:
        write_atomically(self._file, json.dumps(asdict(choice), ensure_ascii=False, indent=1))
