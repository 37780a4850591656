"""Installs the packages that models need, on request: a locked list, with this Python's own pip.

Only missing packages are installed: a package that the running program uses is never changed.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, Thread

from app.domain.errors.base import N_, AppError, Problem
from app.domain.errors.models import ExtraNotInstalled, ModelBusy
from app.engine.catalog.extras import Extra
from app.locks import hold_alone
from app.logging import event
from app.paths import environment_of_children, requirements_dir

LONGEST_OUTPUT = 400  # lines of pip output that are kept
LOCK_NAME = ".extras.lock"
COLLECTING = re.compile(r"^\s*Collecting ([\w.-]+)")
INSTALLING = re.compile(r"^\s*Installing collected packages")
REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)==\S.*(?:\n[ \t].*)*\n?", re.MULTILINE)
UNREACHABLE = re.compile(
    r"NewConnectionError|Max retries exceeded|Connection refused|Name or service not known|name resolution"
    r"|ProxyError|ConnectTimeoutError|ReadTimeoutError|SSLError|No matching distribution"
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExtraStatus:
    """Status of an extra that is not installed."""

    extra: Extra
    command: str
    """Command to install it by hand."""
    obstacle: str = ""
    """Why it cannot be installed from here; empty if it can."""
    is_running: bool = False
    done: int = 0
    """Packages resolved so far."""
    total: int = 0
    """Packages to install; 0 until known."""
    current: str = ""
    """The current package; empty during the final installation."""
    problem: Problem | None = None
    """Why the last attempt failed."""


class Extras:
    """All installable extras. Methods may be called from any thread."""

    def __init__(self, models_dir: Path, installed: Callable[[], None], python: str = sys.executable) -> None:
        self._models_dir = models_dir
        self._installed = installed
        self._python = python
        self._states: dict[str, ExtraStatus] = {}
        self._threads: dict[str, Thread] = {}
        self._pip: subprocess.Popen[str] | None = None
        self._lock = Lock()

    def status(self, extra: Extra) -> ExtraStatus | None:
        """Return its status; None if it is installed."""
        known = self._states.get(extra.name)
        if extra.is_installed and not (known and known.is_running):
            return None
        return known or ExtraStatus(extra, command_for(extra), obstacle(extra))

    def begin(self, extra: Extra) -> None:
        """Install in the background, unless installed or being installed.

        Raises:
            ExtraNotInstalled: not possible from here; carries the command to run instead.
        """
        with self._lock:
            known = self._states.get(extra.name)
            if extra.is_installed or (known and known.is_running):
                return
            if reason := obstacle(extra):
                raise _failure(extra, reason)
            self._states[extra.name] = ExtraStatus(extra, command_for(extra), is_running=True)
            thread = Thread(target=self._run, args=(extra,), name=f"install-{extra.name}", daemon=True)
            self._threads[extra.name] = thread
            thread.start()

    def finish(self, extra: Extra) -> None:
        """Wait until an installation has ended.

        Raises:
            ExtraNotInstalled
        """
        if thread := self._threads.get(extra.name):
            thread.join()
        status = self.status(extra)
        if status and status.problem:
            raise ExtraNotInstalled(**status.problem.params)

    def stop(self) -> None:
        """Abort a running installation; pip leaves existing packages as they were."""
        if self._pip:
            self._pip.terminate()
        for thread in list(self._threads.values()):
            thread.join(5.0)

    # In the installing thread

    def _run(self, extra: Extra) -> None:
        event(_log, logging.INFO, "extra_started", extra=extra.name)
        problem = None
        try:
            with self._alone(extra), tempfile.TemporaryDirectory(prefix="funasr-extra-") as scratch:
                self._install(extra, Path(scratch))
        except AppError as error:
            problem = error.problem
            event(_log, logging.ERROR, "extra_failed", extra=extra.name, reason=error)
        except OSError as error:
            problem = _failure(extra, error.strerror or str(error)).problem
            event(_log, logging.ERROR, "extra_failed", exc_info=True, extra=extra.name)
        self._update(extra, is_running=False, problem=problem)
        if problem is None:
            event(_log, logging.INFO, "extra_installed", extra=extra.name)
            self._installed()

    def _install(self, extra: Extra, scratch: Path) -> None:
        missing = missing_requirements(lock_of(extra))
        self._update(extra, total=len(missing))
        wanted = scratch / "requirements.txt"
        wanted.write_text("".join(missing), encoding="utf-8")
        output = self._pip_says(extra, wanted) if missing else []
        importlib.invalidate_caches()
        if not extra.is_installed:
            raise _failure(extra, _reason(output))

    def _pip_says(self, extra: Extra, wanted: Path) -> list[str]:
        """Run pip and return its last lines.

        Raises:
            ExtraNotInstalled: it failed.
        """
        command = [self._python, "-P", "-m", "pip", "install", "--no-deps", "--require-hashes"]
        command += ["--no-input", "--disable-pip-version-check", "--progress-bar=off"]
        with subprocess.Popen(
            [*command, "--requirement", str(wanted)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environment_of_children() | {"LC_ALL": "C.UTF-8"},
        ) as self._pip:
            assert self._pip.stdout  # noqa: S101 - opened with a pipe
            lines: list[str] = []
            for line in self._pip.stdout:
                lines = [*lines[-LONGEST_OUTPUT:], line.strip()]
                self._follow(extra, line)
            code = self._pip.wait()
        if code:
            raise _failure(extra, _reason(lines))
        return lines

    def _follow(self, extra: Extra, line: str) -> None:
        if found := COLLECTING.match(line):
            self._update(extra, done=self._states[extra.name].done + 1, current=found[1])
        elif INSTALLING.match(line):
            self._update(extra, current="")

    @contextmanager
    def _alone(self, extra: Extra) -> Iterator[None]:
        """Hold the installation lock.

        Raises:
            ModelBusy: another process is installing.
        """
        self._models_dir.mkdir(parents=True, exist_ok=True)
        hold = hold_alone(self._models_dir / LOCK_NAME)
        if hold is None:
            raise ModelBusy(name=extra.name)
        try:
            yield
        finally:
            os.close(hold)

    def _update(self, extra: Extra, **changes: object) -> None:
        self._states[extra.name] = replace(self._states[extra.name], **changes)  # type: ignore[arg-type]


def lock_of(extra: Extra) -> Path:
    """Return the lock file of an extra, with the hash of every package file."""
    return requirements_dir() / f"{extra.name}.txt"


def command_for(extra: Extra) -> str:
    """Return the command that installs an extra into this environment."""
    pip = f"{shlex.quote(sys.executable)} -m pip install"
    if lock_of(extra).is_file():
        return f"{pip} --no-deps --require-hashes -r {shlex.quote(str(lock_of(extra)))}"
    return f"{pip} 'funasr-webui[{extra.name}]'"


def obstacle(extra: Extra) -> str:
    """Return why an extra cannot be installed from here; empty if it can."""
    if not lock_of(extra).is_file():
        return N_("the program was installed as a package, without the locked lists of a checkout")
    if find_spec("pip") is None:
        return N_("this Python has no pip")
    if "PIP_TARGET" in os.environ:
        return ""
    if (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists() and sys.prefix == sys.base_prefix:
        return N_("the packages of this Python are managed by the system")
    if not os.access(sysconfig.get_path("purelib"), os.W_OK):
        return N_("the folder of its packages cannot be written")
    return ""


def missing_requirements(lock: Path) -> list[str]:
    """Return the lines of a lock file whose packages are not installed in any version."""
    text = lock.read_text(encoding="utf-8")
    return [found[0] for found in REQUIREMENT.finditer(text) if not _is_here(found[1])]


def _is_here(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _reason(lines: list[str]) -> str:
    if any(map(UNREACHABLE.search, lines)):
        return N_("the package index cannot be reached")
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["-"])[-1][:300]


def _failure(extra: Extra, reason: str) -> ExtraNotInstalled:
    return ExtraNotInstalled(packages=", ".join(extra.packages), reason=reason, command=command_for(extra))
