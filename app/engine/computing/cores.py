"""Counts the processor cores that this process may use; independent of torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def physical_cores() -> int:
    """Return the physical cores that this process may use, within the container's limit."""
    logical = os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    return min(psutil.cpu_count(logical=False) or logical, allowed, container_cores() or logical)


def container_cores(groups: Path = CONTROL_GROUPS, own: Path = OWN_GROUPS) -> int | None:
    """Return the whole cores of the tightest limit on this process's control groups (docker --cpus); at least 1.

    None without a limit or control groups. Supports both cgroup versions.
    """
    limits = [limit for folder in _own_folders(groups, own) if (limit := _limit(folder)) is not None]
    return max(1, int(min(limits))) if limits else None


def _own_folders(groups: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups and their parents; in a container these are the root folders."""
    yield from (groups, groups / "cpu")
    try:
        lines = own.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = groups / controllers if controllers else groups
        folder = root / path.lstrip("/")
        yield folder
        yield from (parent for parent in folder.parents if root in parent.parents)


def _limit(folder: Path) -> float | None:
    """Return the limit in cores: quota divided by period."""
    try:
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return None if quota in ("max", "-1") else int(quota) / int(period)
