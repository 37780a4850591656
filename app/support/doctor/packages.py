"""Python and its packages: whether all are there, read from their files without importing any.

Whether torch and torchaudio work together is not read but tried: see computing.py.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from app.errors import N_
from app.support.doctor.check import Check, Subject, failure, ok

MINIMUM_PYTHON = (3, 11)
DISTRIBUTION = "funasr-webui"
TOLD = ("torch", "torchaudio", "av", "fastapi", "sqlalchemy", "numpy")
REINSTALL = N_("Delete the folder .venv and run scripts/start.sh again.")


def python(_subject: Subject) -> Iterable[Check]:
    fact = N_("Python {version} on {system}")
    facts = {"version": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    if sys.version_info < MINIMUM_PYTHON:
        yield failure("python", fact, N_("Install Python 3.11 or newer and start again."), **facts)
    else:
        yield ok("python", fact, **facts)


def packages(_subject: Subject) -> Iterable[Check]:
    """Look whether every package is there in a version that this program is made for."""
    missing, other = [], []
    for requirement in _required():
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            missing.append(requirement.name)
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            other.append(f"{requirement.name} {found} ({requirement.specifier})")
    if missing:
        fact = N_("These packages are not installed: {names}")
        yield failure("packages", fact, REINSTALL, names=", ".join(missing))
    elif other:
        fact = N_("These packages are not of the versions that this program is made for: {names}")
        yield failure("packages", fact, REINSTALL, names=", ".join(other))
    else:
        yield ok("packages", "{names}", names=", ".join(f"{name} {version(name)}" for name in TOLD))


def _required() -> list[Requirement]:
    """Return what the program itself asks for, without its extras."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:  # run from a folder that was never installed
        lines = []
    found = [Requirement(line) for line in lines]
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]
