"""How a process ended is reported for every signal, also for those without a name in Python."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from app.domain.exit_status import exit_cause


@pytest.mark.parametrize(
    ("number", "told"), [(signal.SIGTERM, "SIGTERM"), (37, "signal 37"), (signal.SIGSEGV, "SIGSEGV")]
)
def test_a_death_by_any_signal_has_a_name(number: int, told: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        os.kill(process.pid, number)

    assert exit_cause(process.returncode) == told


def test_an_exit_code_is_told_as_one() -> None:
    assert exit_cause(3) == "exit code 3"
