"""Writes requirements/*.txt from uv.lock, for pip: what each set of packages needs, with the hashes of all files.

PyTorch and the CUDA libraries that only it needs stand in a file of their own, since its CPU build takes their place.
"""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import unquote

APART = ("funasr", "openai-2024", "s3-server")
"""Groups with an environment of their own."""
SETS = {
    "install": ["--only-group", "install"],
    "run": ["--extra", "hub"],
    "dev": ["--extra", "hub", "--all-groups", *(word for name in APART for word in ("--no-group", name))],
    "funasr": ["--extra", "hub", "--group", "funasr"],
    "openai-2024": ["--only-group", "openai-2024"],
    "s3-server": ["--only-group", "s3-server"],
    "punctuation": ["--extra", "hub", "--extra", "punctuation"],
    "events": ["--extra", "hub", "--extra", "events"],
    "postgresql": ["--extra", "hub", "--extra", "postgresql"],
    "s3": ["--extra", "hub", "--extra", "s3"],
    "cluster": ["--extra", "hub", "--extra", "cluster"],
}
EXTRAS = ("punctuation", "events", "postgresql", "s3", "cluster")
"""Sets of which only what `run` lacks is written: the optional dependencies of pyproject.toml."""
OF_TORCH = re.compile(r"(torch|torchaudio|triton|cuda-.*|nvidia-.*)==")
FOLDER = Path("requirements")
HEADER = "# Written by scripts/lock.sh from pyproject.toml; not to be edited by hand.\n"


def export(uv: str, options: list[str]) -> list[str]:
    """Return the requirements as pip reads them, each with its lines of hashes."""
    fixed = [
        "export",
        "-q",
        "--frozen",
        "--no-emit-project",
        "--no-annotate",
        "--no-header",
        "--no-default-groups",
    ]
    command = [uv, *fixed, "--format", "requirements.txt", *options]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return re.findall(r"^\S.*(?:\n .*)*\n", text, re.MULTILINE)


def without_marker(requirement: str, marker: str) -> str:
    """Return the requirement without the marker that names all supported machines, which scripts/environment.sh checks."""
    return requirement.replace(f" ; {marker} \\\n", " \\\n", 1)


def cpu_builds(torch: list[str], index: str) -> list[str]:
    """Return the CPU builds of the same versions; with hashes where PyTorch's index can be asked for them."""
    builds = []
    for requirement in torch:
        [(name, version)] = re.findall(r"^(torch|torchaudio)==([^ ;+]+)", requirement)
        hashes = sorted(set(hashes_of(name, f"{version}+cpu", index)))
        builds.append(" \\\n    ".join([f"{name}=={version}+cpu", *(f"--hash=sha256:{one}" for one in hashes)]) + "\n")
    return builds


def hashes_of(name: str, version: str, index: str) -> list[str]:
    try:
        with urllib.request.urlopen(f"{index}/{name}/", timeout=10) as answer:  # noqa: S310 - whoever renews the lock names the index
            page = unquote(answer.read().decode())
    except (urllib.error.URLError, OSError) as error:
        print(f"{index} gave no hashes of {name} {version}: {error}", file=sys.stderr)
        return []
    return re.findall(rf"/{name}-{re.escape(version)}-[^\"/#]*#sha256=([0-9a-f]{{64}})", page)


def write(name: str, requirements: list[str]) -> None:
    (FOLDER / f"{name}.txt").write_text(HEADER + "".join(requirements), encoding="utf-8")


def main(uv: str, index: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    exported = {name: export(uv, options) for name, options in SETS.items()}
    [marker] = {match[1] for one in exported["install"] if (match := re.match(r"pip==\S+ ; (.*) \\\n", one))}
    for name in EXTRAS:
        exported[name] = [one for one in exported[name] if one not in exported["run"]]
    for name, requirements in exported.items():
        write(name, [without_marker(one, marker) for one in requirements if not OF_TORCH.match(one)])
    of_torch = [without_marker(one, marker) for one in exported["run"] if OF_TORCH.match(one)]
    write("torch", of_torch)
    write(
        "torch-cpu",
        cpu_builds([one for one in of_torch if one.startswith(("torch==", "torchaudio=="))], index),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
