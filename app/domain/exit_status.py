"""The exit status of a child process, in words."""

from __future__ import annotations

import signal


def exit_cause(returncode: int) -> str:
    """Return the name of the signal that ended a process, or its exit code; `returncode` is subprocess's.

    Real-time signals (35 to 63 on Linux) have numbers, but no names in Python.
    """
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"
