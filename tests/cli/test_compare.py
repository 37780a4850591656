"""`python -m app compare` from a user's perspective."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.engine.sounds import sentence, wav_bytes
from tests.engine.tiny_model import build_tiny_model
from tests.engine.tiny_whisper import build_tiny_whisper
from tests.warm import run


def compare(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    folders = {"FUNASR_MODELS_DIR": str(tmp_path / "models"), "FUNASR_DATA_DIR": str(tmp_path / "data")}
    return run("compare", *arguments, variables=os.environ | folders)


def test_two_models_read_a_folder_side_by_side_with_their_errors(tmp_path: Path) -> None:
    build_tiny_model(tmp_path / "models" / "one")
    build_tiny_whisper(tmp_path / "models" / "two")
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    (recordings / "fox.wav").write_bytes(wav_bytes(sentence()))
    (tmp_path / "said.tsv").write_text("path\ttext\nfox.wav\tThe quick brown fox.\n", encoding="utf-8")

    ended = compare(tmp_path, recordings, "--models", "one,two", "--reference", tmp_path / "said.tsv")

    assert ended.returncode == 0, ended.stderr
    assert "said  The quick brown fox." in ended.stdout
    rows = [line.split("|")[1:5] for line in ended.stdout.splitlines() if line.startswith("| ")][1:]
    assert [row[0].strip() for row in rows] == ["one", "two"]
    assert all("%" in row[1] and "MB" in row[3] for row in rows)


@pytest.mark.parametrize("models", ["no-such-model", "whisper-base"])
def test_a_model_that_is_not_here_is_told_before_anything_is_read(tmp_path: Path, models: str) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(sentence()))

    ended = compare(tmp_path, tmp_path / "a.wav", "--models", models)

    assert ended.returncode != 0
    assert models in ended.stderr
    assert ended.stdout == ""
