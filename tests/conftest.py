"""What every test may ask for."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
OWN = "FUNASR_SHARED"  # the one variable of this name that means the tests


def pytest_configure() -> None:
    """Let the tests find a machine without the tester's own settings, and no proxy in the way to their servers."""
    for name in [name for name in os.environ if name.startswith("FUNASR_") and name != OWN]:
        del os.environ[name]
    exempt = [os.environ.get(name, "") for name in ("NO_PROXY", "no_proxy")]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(
        filter(None, (*exempt, "localhost", "127.0.0.1", "::1"))
    )


def pytest_report_header() -> str:
    packages = ("torch", "torchaudio", "numpy", "av", "sqlalchemy", "fastapi")
    return ", ".join(f"{package} {version(package)}" for package in packages)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's event loop stays in this thread once it runs: what needs a loop of its own goes first."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of recordings and golden data that is not part of the repository."""
    folder = Path(os.environ.get("FUNASR_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"needs recordings and golden data in {folder}")
    return folder
