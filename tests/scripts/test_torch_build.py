"""A machine without a GPU gets PyTorch's CPU build if available, and a message if not."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.scripts.checkout import Checkout
from tests.scripts.package_index import tiny_wheel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # every install starts pip several times

AUTO = {"FUNASR_TORCH": "auto"}


def programs(folder: Path, **scripts: str) -> dict[str, str]:
    """Return a PATH that finds these shell scripts first."""
    import os

    for name, script in scripts.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def start_without_card(checkout: Checkout, **env: str) -> subprocess.CompletedProcess[str]:
    """Start as on a machine without a card, whatever this one has."""
    command = "source scripts/environment.sh; has_nvidia_card() { return 1; }; set -euo pipefail; install run"
    return checkout.run("bash", "-c", command, "scripts/start.sh", env={**AUTO, **env})


def test_without_a_card_the_cpu_build_comes_without_cuda(checkout: Checkout) -> None:
    checkout.start()
    (checkout.folder / ".venv/run.installed").unlink()

    done = start_without_card(checkout)

    assert done.returncode == 0
    assert (
        f"Note: the lock has no hashes of the CPU build; its files are checked against those that {checkout.index.address}/cpu"
        in done.stdout
    )
    assert {"torch-2.0+cpu", "torchaudio-2.0+cpu", "hello-1.0"} <= checkout.installed()
    assert "nvidia_cudnn-9" not in checkout.installed()


def test_a_card_that_was_put_in_brings_the_larger_build(checkout: Checkout, tmp_path: Path) -> None:
    start_without_card(checkout)

    done = checkout.start(env=AUTO | programs(tmp_path, **{"nvidia-smi": "echo 'GPU 0: NVIDIA H200'"}))

    assert "serving" in done.stdout
    assert {"torch-2.0", "nvidia_cudnn-9"} <= checkout.installed()
    assert "torch-2.0+cpu" not in checkout.installed()


def test_without_a_card_and_pytorchs_index_the_larger_build_comes(checkout: Checkout) -> None:
    done = start_without_card(checkout, FUNASR_TORCH_INDEX="http://127.0.0.1:9/cpu")

    assert done.returncode == 0
    assert "No NVIDIA card was found, but http://127.0.0.1:9/cpu cannot be reached" in done.stdout
    assert {"torch-2.0", "nvidia_cudnn-9"} <= checkout.installed()


@pytest.fixture(name="cpu_lock")
def _cpu_lock(checkout: Checkout) -> Iterator[Path]:
    """The list of the CPU build, for a test to change."""
    lock = checkout.folder / "requirements/torch-cpu.txt"
    before = lock.read_text()
    yield lock
    lock.write_text(before)


def test_an_index_without_this_very_version_counts_as_none(checkout: Checkout, cpu_lock: Path) -> None:
    cpu_lock.write_text("torch==2.0+cpu\ntorchaudio==2.1+cpu\n")

    done = start_without_card(checkout)

    assert (done.returncode, "lacks the CPU build" in done.stdout) == (0, True)
    assert "torch-2.0" in checkout.installed()


def test_a_cpu_build_is_held_against_the_hashes_of_the_lock(checkout: Checkout, cpu_lock: Path) -> None:
    checkout.run(".venv/bin/python", "-m", "pip", "uninstall", "-q", "-y", "torch", "torchaudio")
    digests = [
        hashlib.sha256(checkout.index.files["cpu"][f"{name}-2.0+cpu-py3-none-any.whl"]).hexdigest()
        for name in ("torch", "torchaudio")
    ]
    lines = "torch==2.0+cpu --hash=sha256:{}\ntorchaudio==2.0+cpu --hash=sha256:{}\n"
    cpu_lock.write_text(lines.format(digests[0], digests[0]))
    refused = start_without_card(checkout)
    cpu_lock.write_text(lines.format(*digests))
    done = start_without_card(checkout)

    assert (refused.returncode, done.returncode) == (1, 0)
    assert "has another file than the one that the program was tested with" in refused.stdout
    assert "has no hashes" not in done.stdout
    assert "torch-2.0+cpu" in checkout.installed()


def test_the_cpu_build_that_was_asked_for_is_not_replaced_silently(checkout: Checkout) -> None:
    done = checkout.start(env={"FUNASR_TORCH": "cpu", "FUNASR_TORCH_INDEX": "http://127.0.0.1:9/cpu"})

    assert (done.returncode, "serving" in done.stdout) == (1, False)
    assert "FUNASR_TORCH=default" in done.stdout


def test_a_cpu_build_that_cannot_be_loaded_gives_way(checkout: Checkout) -> None:
    wheels = checkout.index.files["cpu"]
    whole = wheels["torchaudio-2.0+cpu-py3-none-any.whl"]
    checkout.run(".venv/bin/python", "-m", "pip", "uninstall", "-q", "-y", "torchaudio")
    wheels["torchaudio-2.0+cpu-py3-none-any.whl"] = tiny_wheel("torchaudio", "2.0+cpu", code="raise ImportError")
    try:
        done = start_without_card(checkout, PIP_NO_CACHE_DIR="1")
    finally:
        wheels["torchaudio-2.0+cpu-py3-none-any.whl"] = whole

    assert (done.returncode, "cannot be loaded here" in done.stdout) == (0, True)
    assert {"torch-2.0", "torchaudio-2.0"} <= checkout.installed()


@pytest.mark.parametrize("name", ["cuda!", "rocm"])
def test_an_unknown_build_is_refused(checkout: Checkout, name: str) -> None:
    done = checkout.start(env={"FUNASR_TORCH": name})

    assert (done.returncode, f"FUNASR_TORCH={name} is unknown." in done.stdout) == (1, True)


@pytest.mark.parametrize("trace", ["proc/driver/nvidia/gpus/0000:01:00.0", "dev/nvidia0"])
def test_a_card_is_known_by_its_driver(tmp_path: Path, trace: str) -> None:
    look = f"source '{REPOSITORY}/scripts/environment.sh'; has_nvidia_card '{tmp_path}/'"
    without_tool = {"PATH": "/usr/bin:/bin"}
    before = subprocess.run(["bash", "-c", look], env=programs(tmp_path, **{"nvidia-smi": "exit 9"}), check=False)
    (tmp_path / trace).mkdir(parents=True)

    after = subprocess.run(["bash", "-c", look], env=without_tool, check=False)

    assert (before.returncode == 0, after.returncode == 0) == (False, True)
