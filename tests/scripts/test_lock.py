"""The lock has what pyproject.toml asks for, and pip's lists are those of uv.lock."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = tomllib.loads((REPOSITORY / "uv.lock").read_text())
LISTS = ["install", "run", "dev", "funasr", "punctuation", "torch"]
MACHINES = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")]


def entries(name: str) -> Iterator[tuple[Requirement, set[str]]]:
    """Yield each requirement of a list with its hashes."""
    text = (REPOSITORY / f"requirements/{name}.txt").read_text()
    for entry in re.findall(r"^[^#\s].*(?:\n .*)*", text, re.MULTILINE):
        yield (
            Requirement(entry.split("\\")[0].strip()),
            set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", entry)),
        )


def locked_files() -> dict[tuple[str, str], set[str]]:
    return {
        (package["name"], package["version"]): {
            file["hash"] for file in [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        }
        for package in LOCK["package"]
        if "registry" in package["source"]
    }


def wanted(group: str) -> Iterator[Requirement]:
    for one in PROJECT["dependency-groups"][group]:
        if isinstance(one, str):
            yield Requirement(one)
        else:
            yield from wanted(one["include-group"])


def asked_of(name: str) -> list[Requirement]:
    project: dict[str, Any] = PROJECT["project"]
    hub = [*project["dependencies"], *project["optional-dependencies"]["hub"]]
    groups = [one for group in PROJECT["dependency-groups"] if group != "funasr" for one in wanted(group)]
    asked: dict[str, list[Requirement]] = {
        "install": list(wanted("install")),
        "run": [Requirement(one) for one in hub],
        "dev": [*(Requirement(one) for one in hub), *groups],
        "funasr": [*(Requirement(one) for one in hub), *wanted("funasr")],
    }
    return asked[name]


@pytest.mark.parametrize("name", LISTS)
def test_every_entry_is_pinned_with_hashes_of_uv_lock(name: str) -> None:
    files = locked_files()

    for requirement, hashes in entries(name):
        [pin] = requirement.specifier
        assert pin.operator == "=="
        assert hashes
        assert hashes <= files[canonicalize_name(requirement.name), pin.version], requirement


@pytest.mark.parametrize("name", ["install", "run", "dev", "funasr"])
@pytest.mark.parametrize(("system", "machine"), MACHINES)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_what_pyproject_asks_for_is_locked_on_every_machine(
    name: str, system: str, machine: str, python: str
) -> None:
    environment = {
        **default_environment(),
        "sys_platform": system,
        "platform_system": system.capitalize(),
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.5",
    }
    pins: dict[str, str] = {}
    for requirement, _ in [*entries(name), *entries("torch")]:
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert canonicalize_name(requirement.name) not in pins
            pins[canonicalize_name(requirement.name)] = next(iter(requirement.specifier)).version

    lacking = [
        str(one)
        for one in asked_of(name)
        if (one.marker is None or one.marker.evaluate(environment))
        and not one.specifier.contains(pins.get(canonicalize_name(one.name), "0"), prereleases=True)
    ]
    assert lacking == [], "scripts/lock.sh renews the lock"


def test_the_server_gets_nothing_that_only_tests_need() -> None:
    names = {canonicalize_name(requirement.name) for requirement, _ in entries("run")}

    assert (
        names & {"pytest", "ruff", "mypy", "playwright", "jiwer", "import-linter", "pip", "hatchling"}
        == set()
    )


def test_the_cpu_build_has_the_same_versions_and_no_cuda() -> None:
    lines = (REPOSITORY / "requirements/torch-cpu.txt").read_text()
    cpu = set(re.findall(r"^(\S+)==(\S+)\+cpu", lines, re.MULTILINE))
    pins = {(one.name, next(iter(one.specifier)).version) for one, _ in entries("torch")}

    assert cpu == {(name, version) for name, version in pins if name in {"torch", "torchaudio"}}


def test_the_libraries_of_cuda_stand_in_one_list_only() -> None:
    of_cuda = re.compile(r"nvidia-|cuda-|triton$|torch(audio)?$")

    assert [one.name for name in LISTS[:-1] for one, _ in entries(name) if of_cuda.match(one.name)] == []
