"""Temporary files are in one folder, and a start removes those of a killed process."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.store.files.recordings import Files
from app.store.files.scratch import scratch

LEFTOVERS = [
    "case-x1/sound.flac",
    ".backup-x2/app.db",
    ".restore-x3/data/app.db",
    "tmp/0123/case.zip",
    "tmp/loose",
    "replays/01/case.zip",
]


def test_a_start_removes_what_killed_processes_have_left(tmp_path: Path) -> None:
    files = Files(tmp_path)
    for name in LEFTOVERS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"what somebody said")
    (tmp_path / ".settings.json.part").touch()
    (tmp_path / "settings.json").touch()

    files.sweep(lambda _id: True)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "settings.json"]


def test_what_is_being_made_stays(tmp_path: Path) -> None:
    files = Files(tmp_path)
    with scratch(tmp_path) as folder:
        (folder / "sound.flac").touch()
        files.sweep(lambda _id: True)

        assert (folder / "sound.flac").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), scratch(tmp_path) as folder:
        (folder / "half" / "made").touch()

    assert list((tmp_path / "tmp").iterdir()) == []


def test_deletion_reaches_the_samples_of_an_analysis(tmp_path: Path) -> None:
    files = Files(tmp_path)
    for name in ("transcriptions/ab/source.wav", "vad/t-ab/audio.s16", "vad/t-cd/audio.s16"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"what somebody said")

    files.remove("ab")

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "vad/t-cd/audio.s16"]
