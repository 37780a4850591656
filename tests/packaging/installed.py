"""The program as pip installs it: in an environment of its own, used from folders that are no checkout."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

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

    def command(self, *arguments: str | Path) -> list[str]:
        scripts = Path(sysconfig.get_path("scripts", vars={"base": str(self.environment)}))
        return [*self.as_user, str(scripts / "funasr-webui"), *map(str, arguments)]

    def run(self, *arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    @contextmanager
    def serving(self, *arguments: str | Path, folder: Path) -> Iterator[str]:
        """A server that listens on the yielded address; it is ended with SIGTERM."""
        command = self.command("serve", "--port", "0", *arguments)
        with subprocess.Popen(
            command, cwd=folder, env=self.variables, stdout=subprocess.PIPE, text=True
        ) as server:
            try:
                yield _address(server)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(timeout=60)


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    for line in server.stdout:
        if match := re.search(r"http://\S+", line):
            return match[0]
    pytest.fail("the server ended without printing its address")


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
