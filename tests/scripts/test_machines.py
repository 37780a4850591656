"""Machines on which installation is impossible: each gets a clear message, and nothing half-done counts as complete."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scripts.checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def without_environment(checkout: Checkout, folder: Path) -> Checkout:
    """Another clone of the same checkout, in which nothing has been installed yet."""
    clone = Checkout(folder / "clone", checkout.index)
    shutil.copytree(checkout.folder, clone.folder, ignore=shutil.ignore_patterns(".venv"))
    return clone


def commands(folder: Path, **scripts: str) -> dict[str, str]:
    """Put shell scripts before the commands of the same names."""
    folder.mkdir()
    for name, script in scripts.items():
        command = folder / name.replace("_", ".")
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def in_mounts_of_its_own(checkout: Checkout, mounts: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Start the server where other mounts are seen than by the rest of the machine."""
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs mount namespaces (unshare --map-root-user --mount)")
    return checkout.run("unshare", "-rm", "bash", "-c", f"{mounts} && exec bash scripts/start.sh", env=env)


def test_a_python_that_is_too_new_is_named_with_both_ways_out(checkout: Checkout, tmp_path: Path) -> None:
    newest = 'case "$*" in --version) echo Python 3.14.2 ;; *) echo 3.14 ;; esac'
    missing = "exit 127"
    path = commands(tmp_path / "bin", python3=newest, python3_11=missing, python3_12=missing, python3_13=missing)

    done = without_environment(checkout, tmp_path).start(env=path)

    assert done.returncode == 1
    assert "Only Python 3.14.2 was found; the tested versions are 3.11 to 3.13." in done.stdout
    assert "uv python install 3.13" in done.stdout
    assert "FUNASR_UNLOCKED=1 bash scripts/start.sh" in done.stdout


def test_a_machine_without_python_is_told_what_to_install(checkout: Checkout, tmp_path: Path) -> None:
    missing = "exit 127"
    path = commands(tmp_path / "bin", python3=missing, python3_11=missing, python3_12=missing, python3_13=missing)

    done = without_environment(checkout, tmp_path).start(env=path)

    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 was not found." in done.stdout
    assert "apt-get install python3" in done.stdout


def test_a_machine_that_nothing_is_locked_for_is_named(checkout: Checkout, tmp_path: Path) -> None:
    uname = 'case "$1" in -s) echo FreeBSD ;; -m) echo amd64 ;; *) echo FreeBSD amd64 ;; esac'

    done = without_environment(checkout, tmp_path).start(env=commands(tmp_path / "bin", uname=uname))

    assert done.returncode == 1
    assert "for Linux (x86-64, arm64) and macOS (arm64); this is FreeBSD amd64." in done.stdout
    assert "FUNASR_UNLOCKED=1 bash scripts/start.sh" in done.stdout


def test_a_checkout_that_cannot_be_written_is_told_before_anything_else(checkout: Checkout, tmp_path: Path) -> None:
    clone = without_environment(checkout, tmp_path)

    done = in_mounts_of_its_own(clone, 'mount --bind . . && mount -o remount,ro,bind . && cd "$PWD"')

    assert done.returncode == 1
    assert f"The folder {clone.folder} cannot be written." in done.stdout
    assert "Copy it to a place of your own" in done.stdout


def test_a_disk_that_fills_up_in_the_middle_is_named(checkout: Checkout, tmp_path: Path) -> None:
    checkout.index.add("large", "2.0", size=3_000_000)
    checkout.lock("run", ("hello", "1.0"), ("large", "2.0"))
    small = tmp_path / "small"
    small.mkdir()

    done = in_mounts_of_its_own(
        checkout, f"mount -t tmpfs -o size=1m tmpfs '{small}'", TMPDIR=str(small), PIP_NO_CACHE_DIR="1"
    )
    again = checkout.start()

    assert done.returncode == 1
    assert f"The disk is full where {small} lies." in done.stdout
    assert "Make room" in done.stdout
    assert "serving with hello 1.0" in again.stdout
    assert "large-2.0" in checkout.installed()
