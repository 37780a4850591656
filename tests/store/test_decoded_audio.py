"""Decoded samples are kept within a budget, the longest unheard go first."""

import os
from pathlib import Path

import pytest

from app.store.files import decoded_audio
from app.store.files.decoded_audio import DecodedAudio


def keep(store: DecodedAudio, folder: Path, id: str, age: float) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "audio.s16").write_bytes(b"ab" * 4096)
    store.keep(id, folder)
    kept = folder.parent / "decoded" / id
    os.utime(kept, (kept.stat().st_mtime - age,) * 2)


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> DecodedAudio:
    store = DecodedAudio(tmp_path)
    for age, id in enumerate(("new", "old", "oldest"), start=1):
        keep(store, tmp_path / "job", id, age * 100.0)
    return store


def ids(folder: Path) -> set[str]:
    return {path.name for path in (folder / "decoded").iterdir()}


def test_what_was_unheard_longest_goes_first(
    tmp_path: Path, store: DecodedAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoded_audio, "MOST_BYTES", 20_000)
    monkeypatch.setattr(decoded_audio, "FREE_BYTES", 0)
    store.files("oldest")

    store.sweep()

    assert ids(tmp_path) == {"new", "oldest"}


def test_on_a_full_disk_nothing_is_kept(tmp_path: Path, store: DecodedAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoded_audio, "FREE_BYTES", 1 << 62)

    store.sweep()

    assert ids(tmp_path) == set()


def test_what_is_playing_stays_whatever_the_disk(
    tmp_path: Path, store: DecodedAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoded_audio, "FREE_BYTES", 1 << 62)
    store.files("old")

    store.sweep()

    assert ids(tmp_path) == {"old"}


def test_a_decoding_that_fails_leaves_nothing(tmp_path: Path, store: DecodedAudio) -> None:
    with pytest.raises(FileNotFoundError), store.making("x") as target:
        (target.parent / "no folder" / target.name).write_bytes(b"half")

    assert "x" not in ids(tmp_path)
    assert store.files("x") == []
