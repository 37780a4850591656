"""What a person reads agrees with what the program has."""

from __future__ import annotations

import argparse

import pytest

from app.cli import build_parser
from app.formats import FORMATS
from app.settings import Settings
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"| `FUNASR_{name.upper()}` |" in README


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_default_in_the_readme_is_the_programs(name: str) -> None:
    default = Settings.model_fields[name].default
    if Settings.model_fields[name].default_factory is None:
        assert f"| `FUNASR_{name.upper()}` | `{default}` |" in README


def test_every_command_is_in_the_readme() -> None:
    [commands] = [a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)]

    assert [name for name in commands.choices if f"python -m app {name}" not in README] == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_in_the_readme(name: str) -> None:
    assert name in README
