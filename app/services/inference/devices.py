"""The compute devices of this machine, probed in a separate process; results are cached until probed again.

Probing imports torch and queries the drivers, which takes seconds and may crash, so it never happens in this process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from app.domain.errors.base import N_
from app.domain.errors.inference import DevicesUnseen
from app.domain.exit_status import exit_cause
from app.paths import environment_of_children

LOOK_SECONDS = 300.0  # for a cold import of torch on a busy machine, and a first CUDA initialisation


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """One device, present or absent."""

    name: str
    """As accepted by the setting `device`."""
    label: str
    """The driver's name for it; empty if absent."""
    reason: str
    """Why it cannot be used; empty if it can."""


class Devices:
    """Thread-safe; concurrent callers share one probe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: tuple[FoundDevice, ...] = ()

    def list_all(self, *, again: bool = False) -> tuple[FoundDevice, ...]:
        """Return all devices, cached or probed `again`.

        Raises:
            DevicesUnseen: the probing process died or gave no answer.
        """
        with self._lock:
            if again or not self._found:
                self._found = _probed()
            return self._found


def _probed() -> tuple[FoundDevice, ...]:
    try:
        found = probe_devices("cpu")
    except ProbeHung as error:
        raise DevicesUnseen(reason=N_("A driver gives no answer.")) from error
    except ProbeDied as error:
        raise DevicesUnseen(reason=str(error)) from error
    return tuple(FoundDevice(**device) for device in found["devices"])


class ProbeHung(Exception):
    """The probing process gave no answer within LOOK_SECONDS."""


class ProbeDied(Exception):
    """The probing process ended without an answer; the message is its last output."""


def probe_devices(device: str) -> Mapping[str, Any]:
    """Return what app.engine.computing.probe reports about this machine and `device`.

    Raises:
        ProbeHung, ProbeDied
    """
    return _probe("app.engine.computing.probe", "--device", device)


def probe_torchaudio() -> str:
    """Return why torchaudio does not work with torch; empty if it does.

    Raises:
        ProbeHung, ProbeDied
    """
    return str(_probe("app.engine.computing.torchaudio_probe")["reason"])


def _probe(module: str, *options: str) -> Mapping[str, Any]:
    """Run a module in a separate process and return what it prints."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *options],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LOOK_SECONDS,
            env=environment_of_children(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeHung from error
    if done.returncode:
        raise ProbeDied(_last_words(done))
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    words = done.stderr.strip().splitlines()[-1:]
    if words:
        return words[0]
    return exit_cause(done.returncode)
