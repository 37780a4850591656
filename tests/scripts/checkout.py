"""A small checkout with the real scripts, whose packages are tiny and come from an index on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.scripts.package_index import PackageIndex

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "funasr-webui"
version = "1.0"
dependencies = ["hello>=1"]

[project.optional-dependencies]
hub = []

[dependency-groups]
dev = []
"""

# Builds the wheel of an editable install, as hatchling does for the real one.
BACKEND = """
from pathlib import Path
from tests_package_index import tiny_wheel

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "funasr_webui-1.0-py3-none-any.whl"
    Path(folder, name).write_bytes(tiny_wheel("funasr_webui", "1.0"))
    return name

build_wheel = build_editable
"""

SERVER = """
import sys, hello
if sys.argv[1] == "serve":
    print("serving with hello", hello.__version__, *sys.argv[2:])
"""


PIP = distribution("pip").version


@dataclass(frozen=True)
class Checkout:
    folder: Path
    index: PackageIndex

    def write(self) -> None:
        """Lay out what a clone has."""
        (self.folder / "app").mkdir(parents=True)
        shutil.copytree(REPOSITORY / "scripts", self.folder / "scripts")
        shutil.copy(REPOSITORY / "tests/scripts/package_index.py", self.folder / "tests_package_index.py")
        (self.folder / "pyproject.toml").write_text(PROJECT)
        (self.folder / "backend.py").write_text(BACKEND)
        (self.folder / "app/__main__.py").write_text(SERVER)
        (self.folder / "requirements").mkdir()
        self.lock("install", ("pip", PIP))
        self.lock("torch", ("torch", "2.0"), ("torchaudio", "2.0"), ("nvidia_cudnn", "9"))
        (self.folder / "requirements/torch-cpu.txt").write_text("torch==2.0+cpu\ntorchaudio==2.0+cpu\n")
        self.lock("run", ("hello", "1.0"))

    def make_environment(self) -> None:
        """Make what scripts/environment.sh would make, with a copy of this pip: unpacking one takes it 15 s of computing."""
        venv = self.folder / ".venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        [packages] = venv.glob("lib/python3*/site-packages")
        own = distribution("pip")
        for name in ("pip", f"pip-{PIP}.dist-info"):
            shutil.copytree(str(own.locate_file(name)), packages / name)
        for script in own.files or []:
            if str(script).startswith(".."):
                (packages / script).write_bytes(bytes(script.size or 0))

    def lock(self, name: str, *packages: tuple[str, str]) -> None:
        lines = "".join(self.index.requirement(*package) for package in packages)
        (self.folder / f"requirements/{name}.txt").write_text(lines.replace("nvidia_cudnn", "nvidia-cudnn"))

    def start(self, *options: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return self.run("bash", "scripts/start.sh", *options, env=env)

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment(), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """Return the variables of this process without those that lead pip or the scripts elsewhere."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "FUNASR_", "PYTHON", "VIRTUAL_ENV"))
        }
        return kept | {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"{self.index.address}/simple/",
            "PIP_CACHE_DIR": str(self.folder.parent / "cache"),
            "PIP_RETRIES": "0",
            "PIP_NO_COMPILE": "1",
            # pip keeps nothing from an index that it does not trust, and trusts https or a name.
            "PIP_TRUSTED_HOST": self.index.address.removeprefix("http://"),
            "FUNASR_TORCH": "default",
            "FUNASR_TORCH_INDEX": f"{self.index.address}/cpu",
            "no_proxy": "127.0.0.1",
        }

    def installed(self) -> set[str]:
        """Return the packages in the environment, as name-version."""
        entries = self.folder.glob(".venv/lib/python3*/site-packages/*.dist-info")
        return {entry.name.removesuffix(".dist-info") for entry in entries} - {f"pip-{PIP}"}


def from_index(index: PackageIndex, folder: Path) -> Checkout:
    checkout = Checkout(folder, index)
    checkout.write()
    return checkout
