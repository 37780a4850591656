"""The wheel and the source archive contain the whole program, each file once."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hatchling.build import build_editable

from tests.conftest import REPOSITORY
from tests.packaging.conftest import Built

LARGEST_BYTES = 100_000_000  # of one file on PyPI: https://docs.pypi.org/project-management/storage-limits/
RESOURCES = ("templates", "static", "models/builtin", "models/builtin-large")


def contents(wheel: Path) -> dict[str, int]:
    """Return the names of the program's files with their checksums."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.CRC for entry in archive.infolist() if ".dist-info/" not in entry.filename}


def files_below(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts}


def test_the_wheel_is_the_program_and_all_its_resources(built: Built) -> None:
    modules = {str(file.relative_to(REPOSITORY)) for file in files_below(REPOSITORY / "app")}
    resources = {f"app/{file.relative_to(REPOSITORY)}" for name in RESOURCES for file in files_below(REPOSITORY / name)}

    assert set(contents(built.wheel)) == modules | resources
    assert "app/locale/zh/LC_MESSAGES/messages.po" in modules
    assert "app/store/migrations/versions/0001_transcriptions.py" in modules
    assert {"app/templates/base.html", "app/static/css/tokens.css"} < resources


def test_the_source_archive_gives_the_same_wheel(built: Built) -> None:
    assert contents(built.wheel_of_sdist) == contents(built.wheel)


def test_both_archives_fit_on_the_package_index(built: Built) -> None:
    assert built.wheel.stat().st_size < LARGEST_BYTES
    assert built.sdist.stat().st_size < LARGEST_BYTES


def test_an_editable_install_copies_nothing_of_the_program(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(REPOSITORY)

    wheel = tmp_path / build_editable(str(tmp_path))

    [link] = contents(wheel)
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(link).decode().strip() == str(REPOSITORY)
