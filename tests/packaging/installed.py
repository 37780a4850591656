"""The program as installed by pip: in its own environment, used from folders that are not a checkout."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.program import Program

NOT_OURS = ("FUNASR_", "PYTHON", "XDG_", "VIRTUAL_ENV", "PYTEST")
"""Beginnings of the variables that would tell the installed program about this checkout or this machine."""


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel; torch and the other packages are seen through from the tests' environment."""

    environment: Path
    home: Path
    as_user: tuple[str, ...] = field(default=())
    """Words in front of every command that make another user run it."""

    @property
    def variables(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
        return kept | {"HOME": str(self.home), "LC_ALL": "C.UTF-8"}

    @property
    def package(self) -> Path:
        return Path(sysconfig.get_path("purelib", vars={"base": str(self.environment)})) / "app"

    def at(self, folder: Path) -> Program:
        """Return its command, to be run in a folder."""
        scripts = Path(sysconfig.get_path("scripts", vars={"base": str(self.environment)}))
        return Program((*self.as_user, str(scripts / "funasr-webui")), folder, self.variables)


def make_environment(folder: Path, python: str = sys.executable) -> Path:
    """Return a new environment that sees the packages of this one."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    see_packages(folder)
    return folder


def see_packages(environment: Path) -> None:
    """Let an environment find the packages of this one; its links to the checkout are not followed."""
    own = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    (own / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")


def install(environment: Path, wheel: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(environment), "install", "--quiet"]
    offline = ["--no-deps", "--no-index", "--ignore-installed", "--disable-pip-version-check"]
    subprocess.run([*pip, *offline, "--no-compile", wheel], check=True)


NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
can_become_nobody = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("setpriv") is not None


def python_of_everyone() -> str:
    """Return an interpreter of this version that any user may run; one below /root is for root alone."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in filter(None, (sys.executable, shutil.which(name, path="/usr/bin:/usr/local/bin"))):
        if all(folder.stat().st_mode & stat.S_IXOTH for folder in Path(python).resolve().parents):
            return python
    pytest.skip("no interpreter of this version may be run by other users")
