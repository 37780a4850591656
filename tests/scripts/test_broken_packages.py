"""A package with missing files does not count as installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.scripts.package_index import tiny_wheel


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder of packages with two tiny ones."""
    for name in ("hello", "other"):
        zipfile.ZipFile(BytesIO(tiny_wheel(name, "1.0"))).extractall(tmp_path)
    return tmp_path


def broken_in(packages: Path) -> str:
    script = "import runpy, sysconfig; sysconfig.get_path = lambda _: {!r}; runpy.run_path({!r})"
    code = script.format(str(packages), str(REPOSITORY / "scripts/broken_packages.py"))
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_whole_packages_stay(packages: Path) -> None:
    assert broken_in(packages) == ""
    assert (packages / "hello-1.0.dist-info/RECORD").is_file()


@pytest.mark.parametrize("harm", ["hello/__init__.py", "hello-1.0.dist-info/RECORD", "hello-1.0.dist-info/METADATA"])
def test_a_missing_file_is_found(packages: Path, harm: str) -> None:
    (packages / harm).unlink()

    assert broken_in(packages) == "hello-1.0"
    assert not (packages / "hello-1.0.dist-info").exists()


def test_a_file_that_was_cut_short_is_found(packages: Path) -> None:
    (packages / "hello/__init__.py").write_text("__ver")

    assert broken_in(packages) == "hello-1.0"


def test_what_pip_left_of_a_removed_package_is_no_package(packages: Path) -> None:
    shutil.rmtree(packages / "hello-1.0.dist-info")

    assert broken_in(packages) == ""
