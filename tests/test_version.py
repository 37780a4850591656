"""One version, defined once and shown everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

from app import __version__
from app.support.environment import describe_environment
from tests.conftest import REPOSITORY


def test_the_command_line_tells_its_name_and_version() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "app", "--version"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )

    assert told.stdout == f"funasr-webui {__version__}\n"


def test_pyproject_reads_the_version_instead_of_stating_it() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))

    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "app/__init__.py"


def test_the_changelog_released_this_version_and_goes_on() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    [on_top, newest, *_] = re.findall(r"^## (.+)$", changelog, flags=re.MULTILINE)

    assert on_top == "Unreleased"
    assert re.fullmatch(re.escape(__version__) + r" - \d{4}-\d\d-\d\d", newest)


def test_a_support_case_tells_the_version() -> None:
    assert describe_environment()["program"] == __version__
