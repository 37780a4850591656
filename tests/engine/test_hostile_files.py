"""Files that were broken in every way: each is read or refused with a reason, and leaves nothing behind.

benchmarks/hostile_files.py does the same with thousands.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors.audio import DecodingCrashed
from app.domain.errors.base import AppError
from app.domain.options import VadOptions
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.pool import PreparationPool
from app.engine.preparation.preparation import prepare
from tests.hostile import Bases, hostile_files

LIMITS = DecodeLimits(max_seconds=600, cpu_seconds=20, memory_mb=512)
FILES, SEED = 60, 20261130


@pytest.fixture(name="bases", scope="module")
def _bases(tmp_path_factory: pytest.TempPathFactory) -> Bases:
    return Bases(tmp_path_factory.mktemp("bases"))


def test_a_broken_file_is_read_or_refused(bases: Bases, tmp_path: Path, pool: PreparationPool) -> None:
    for number, hostile in enumerate(hostile_files(bases, FILES, SEED)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "source").write_bytes(hostile.content)
        refused = refusal_of(folder, pool)

        assert not isinstance(refused, DecodingCrashed), hostile.how
        left = {path.name for path in folder.iterdir()}
        assert left == {"source"} or not refused, hostile.how


def refusal_of(folder: Path, pool: PreparationPool) -> AppError | None:
    """Read the source; return why it was refused."""
    files = folder / "source", folder / "a.s16", folder / "p.json"
    try:
        prepared = prepare(*files, VadOptions(), LIMITS, lambda: False, pool=pool)
    except AppError as error:
        return error
    assert prepared.facts.duration > 0
    return None


def test_the_same_seed_breaks_the_same(bases: Bases) -> None:
    first, again = ([each.content for each in hostile_files(bases, 5, 1)] for _ in range(2))

    assert first == again
    assert first != [each.content for each in hostile_files(bases, 5, 2)]
