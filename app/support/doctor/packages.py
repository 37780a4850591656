"""Python and its packages: whether their versions fit each other, read from their files, before any is imported.

A torch that does not fit its torchaudio crashes at the import, or later inside a driver; so nothing is imported here.
"""

from __future__ import annotations

import ast
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution, requires, version

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


def torch_pair(_subject: Subject) -> Iterable[Check]:
    """Look whether torch and torchaudio are built for the same kind of device."""
    torch, torchaudio = _build("torch"), _build("torchaudio")
    if torch is None or torchaudio is None:
        return  # told as a missing package
    facts = {"torch": torch, "torchaudio": torchaudio}
    if _variant(torch) == _variant(torchaudio):
        yield ok(
            "torch_pair", N_("torch {torch} and torchaudio {torchaudio} are built for each other."), **facts
        )
        return
    yield failure(
        "torch_pair",
        N_(
            "torch {torch} and torchaudio {torchaudio} are built for different devices and do not work together."
        ),
        N_(
            "Install both from the same place, for example: .venv/bin/pip install --force-reinstall torch torchaudio;"
            " or delete the folder .venv and run scripts/start.sh again."
        ),
        **facts,
    )


def _required() -> list[Requirement]:
    """Return what the program itself asks for, without its extras."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:  # run from a folder that was never installed
        lines = []
    found = [Requirement(line) for line in lines]
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]


def _build(package: str) -> str | None:
    """Return the version with its build ("2.11.0+cu130"), which torch's packages keep in version.py."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return None
    try:
        source = found.read_text(f"../{package}/version.py") or ""
        statements = ast.parse(source).body
    except (OSError, SyntaxError):
        return found.version
    named = [
        statement.value.value
        for statement in statements
        if isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and any(isinstance(name, ast.Name) and name.id == "__version__" for name in statement.targets)
    ]
    return str(named[0]) if named else found.version


def _variant(build: str) -> str:
    """Return what a build is for: "cu130", "cpu", or "" where its version does not say."""
    return build.partition("+")[2]
