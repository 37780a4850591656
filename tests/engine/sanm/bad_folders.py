"""Defects of files in any model folder, and the expected errors."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.errors.models import ModelError, ModelFileUnreadable

DAMAGES = ("absent", "half", "foreign", "empty")
FOREIGN = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9

Load = Callable[[Path], object]


def names_a_damaged_file(load: Load, folder: Path, name: str, damage: str) -> None:
    """Damage a file, and see loading refused with its name, or that of the description in which it is missed."""
    file = folder / name
    content = file.read_bytes()
    file.unlink()
    if damage != "absent":
        file.write_bytes({"half": content[: len(content) * 2 // 5], "foreign": FOREIGN}.get(damage, b""))

    with pytest.raises(ModelError) as caught:
        load(folder)

    assert file.name in str(caught.value) or "config.yaml" in str(caught.value) or damage == "absent"


def runs_no_code(load: Load, folder: Path, part: str) -> None:
    """Put a pickle that runs code in the place of the weights, and see it refused and not run."""
    exploded = folder / "exploded"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (exploded,)

    (folder / "model.pt").write_bytes(pickle.dumps({part: Bomb()}))

    with pytest.raises(ModelFileUnreadable, match=r"model\.pt"):
        load(folder)
    assert not exploded.exists()
