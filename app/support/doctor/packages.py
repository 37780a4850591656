"""Checks of Python and its packages, from their metadata, without importing any.

A version alone is never a failure: whether torch and torchaudio work together, for example, is tested in computing.py.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, requires
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from app.domain.errors.base import N_
from app.paths import is_checkout
from app.support.doctor.check import Check, Subject, failure, note, ok

MINIMUM_PYTHON = (3, 11)
NEWEST_TESTED_PYTHON = (3, 13)
DISTRIBUTION = "funasr-webui"
TOLD = ("torch", "torchaudio", "av", "fastapi", "sqlalchemy", "numpy")
REINSTALL = (
    N_("Delete the folder .venv and run scripts/start.sh again.")
    if is_checkout()
    else N_("Install the program again, in a new environment: pip install funasr-webui")
)
VERSION_LINE = re.compile(r"^Version: *(\S+)", re.MULTILINE)
MODULES = {"pyyaml": "yaml", "python-docx": "docx", "webrtcvad-wheels": "webrtcvad"}
"""Import names that differ from the package name."""


def python(_subject: Subject) -> Iterable[Check]:
    yield python_check(sys.version_info[:2])


def python_check(running: tuple[int, ...]) -> Check:
    """Return the check for this Python version."""
    fact = N_("Python {version} on {system}")
    facts = {"version": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    if running < MINIMUM_PYTHON:
        return failure("python", fact, N_("Install Python 3.11 or newer and start again."), **facts)
    if running > NEWEST_TESTED_PYTHON:
        advice = N_("This program has not been tested with so new a Python yet; 3.11 to 3.13 have been.")
        return note("python", fact, advice, **facts)
    return ok("python", fact, **facts)


def packages(_subject: Subject) -> Iterable[Check]:
    """Check that every package is installed, in a tested version."""
    return _found_in(tuple((folder, _changed_ns(folder)) for folder in sys.path))


def _changed_ns(folder: str) -> int:
    """Return when an entry came into a folder, or left it, for the last time."""
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=1)
def _found_in(_folders: tuple[tuple[str, int], ...]) -> tuple[Check, ...]:
    """Return the checks; cached until a package comes or goes: a server asks at its start and each minute."""
    return tuple(_checks())


def _checks() -> Iterator[Check]:
    missing, other = [], []
    for requirement in _required():
        found = version_of(requirement.name)
        if not found:
            if not _can_be_imported(requirement.name):
                missing.append(requirement.name)
        elif not requirement.specifier.contains(found, prereleases=True):
            other.append(f"{requirement.name} {found} ({requirement.specifier})")
    if missing:
        fact = N_("These packages are not installed: {names}")
        yield failure("packages", fact, REINSTALL, names=", ".join(missing))
    if other:
        fact = N_("These packages are not of the versions that were tested: {names}")
        advice = N_("That is no fault by itself. Where something fails: {detail}")
        yield note("packages_untested", fact, advice, names=", ".join(other), detail=REINSTALL)
    if not missing:
        told = [f"{name} {found}" for name in TOLD if (found := version_of(name))]
        yield ok("packages", "{names}", names=", ".join(told))


def version_of(package: str) -> str:
    """Return the version in the metadata; empty if there is none, though the package may exist.

    `importlib.metadata.version` parses the whole description as an e-mail, which takes three times as long.
    """
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return ""
    line = VERSION_LINE.search(found.read_text("METADATA") or found.read_text("PKG-INFO") or "")
    return line[1] if line else ""


def _can_be_imported(package: str) -> bool:
    """Return whether the module exists: another distribution may provide it."""
    return find_spec(MODULES.get(package.lower(), package.lower().replace("-", "_"))) is not None


def _required() -> list[Requirement]:
    """Return the program's own requirements, without extras."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:  # run from a checkout that was never installed
        lines = []
    found = [Requirement(line) for line in lines]
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]
