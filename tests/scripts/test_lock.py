"""The lock has what pyproject.toml requires, and pip's lists match uv.lock."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import REPOSITORY
from tests.scripts.package_index import PackageIndex

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = tomllib.loads((REPOSITORY / "uv.lock").read_text())
EXTRAS = ["punctuation", "events", "s3", "cluster"]
APART = ("funasr", "openai-2024", "s3-server")
"""Groups with environments of their own."""
OTHER_ON_NEWER_PYTHONS = {"av", "networkx", "numpy"}
"""Locked in two versions, since the newer one does not support every Python of ours."""
LISTS = ["install", "run", "dev", *APART, *EXTRAS, "torch"]
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
    groups = [one for group in PROJECT["dependency-groups"] if group not in APART for one in wanted(group)]
    asked: dict[str, list[Requirement]] = {
        "install": list(wanted("install")),
        "run": [Requirement(one) for one in hub],
        "dev": [*(Requirement(one) for one in hub), *groups],
        "funasr": [*(Requirement(one) for one in hub), *wanted("funasr")],
        "openai-2024": list(wanted("openai-2024")),
        "s3-server": list(wanted("s3-server")),
    }
    return asked.get(name) or [Requirement(one) for one in project["optional-dependencies"][name]]


def locked_for(name: str) -> set[str]:
    """Return the packages that uv.lock gives for what a list asks for, with all that they need."""
    packages = LOCK["package"]  # one may stand there twice: for different versions of Python, or another group
    found: set[tuple[str, str, str]] = set()
    to_do = [
        (canonicalize_name(one.name), extra, version)
        for one in asked_of(name)
        for extra in ("", *one.extras)
        for version in fit(one)
    ]
    while to_do:
        if (one := to_do.pop()) in found:
            continue
        found.add(one)
        for package in packages:
            if package["name"] == one[0] and one[2] in ("", package.get("version")):
                extras = package.get("optional-dependencies", {})
                needed = extras.get(one[1], []) if one[1] else package.get("dependencies", [])
                for each in needed:
                    to_do += [(each["name"], extra, each.get("version", "")) for extra in ("", *each.get("extra", []))]
    return {package for package, _, _ in found}


def fit(one: Requirement) -> Iterator[str]:
    """Yield the locked versions of a package that a requirement allows."""
    for package in LOCK["package"]:
        if package["name"] == canonicalize_name(one.name) and one.specifier.contains(package["version"]):
            yield package["version"]


@pytest.mark.parametrize("name", LISTS)
def test_every_entry_is_pinned_with_hashes_of_uv_lock(name: str) -> None:
    files = locked_files()

    for requirement, hashes in entries(name):
        [pin] = requirement.specifier
        assert pin.operator == "=="
        assert hashes
        assert hashes <= files[canonicalize_name(requirement.name), pin.version], requirement


@pytest.mark.parametrize("name", ["install", "run", "dev", *APART, *EXTRAS])
def test_each_list_is_complete_and_has_nothing_else(name: str) -> None:
    listed = {canonicalize_name(requirement.name) for requirement, _ in entries(name)}
    beside = {canonicalize_name(requirement.name) for requirement, _ in entries("torch")}
    if name in EXTRAS:  # installed beside what runs the server
        beside |= {canonicalize_name(requirement.name) for requirement, _ in entries("run")}

    needed = locked_for(name)

    assert needed <= listed | beside, "scripts/lock.sh renews the lists"
    assert listed <= needed, "scripts/lock.sh renews the lists"


@pytest.mark.parametrize("name", ["install", "run", "dev", *APART])
@pytest.mark.parametrize(("system", "machine"), MACHINES)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_what_pyproject_asks_for_is_locked_on_every_machine(name: str, system: str, machine: str, python: str) -> None:
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

    assert names & {"pytest", "ruff", "mypy", "playwright", "jiwer", "import-linter", "pip", "hatchling"} == set()


def test_the_cpu_build_has_the_same_versions_and_no_cuda() -> None:
    lines = (REPOSITORY / "requirements/torch-cpu.txt").read_text()
    cpu = set(re.findall(r"^(\S+)==(\S+)\+cpu", lines, re.MULTILINE))
    pins = {(one.name, next(iter(one.specifier)).version) for one, _ in entries("torch")}

    assert cpu == {(name, version) for name, version in pins if name in {"torch", "torchaudio"}}


@pytest.fixture(name="writer")
def _writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("writer", REPOSITORY / "scripts/write_requirements.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_hashes_of_the_cpu_build_come_from_its_index(writer: ModuleType) -> None:
    index = PackageIndex()
    for version in ("2.0+cpu", "2.1+cpu"):
        index.add("torch", version, folder="cpu")
    locked = ["torch==2.0 ; sys_platform == 'linux' \\\n    --hash=sha256:of-pypi\n", "torchaudio==2.0 \\\n"]
    with index.serving():
        [torch, torchaudio] = writer.cpu_builds(locked, f"{index.address}/cpu")

    [own] = re.findall(r"/torch-2\.0%2Bcpu.*#sha256=(\w+)", index.page("cpu", "torch"))
    assert torch == f"torch==2.0+cpu \\\n    --hash=sha256:{own}\n"
    assert torchaudio == "torchaudio==2.0+cpu\n"  # this index lacks it: pinned all the same


def test_the_libraries_of_cuda_stand_in_one_list_only() -> None:
    of_cuda = re.compile(r"nvidia-|cuda-|triton$|torch(audio)?$")

    assert [one.name for name in LISTS[:-1] for one, _ in entries(name) if of_cuda.match(one.name)] == []


def test_no_other_package_differs_between_pythons() -> None:
    """PyAV 19 once came for Python 3.12 and 3.13 alone, and read no file there; tests on 3.11 passed."""
    versions: dict[str, set[str]] = {}
    for entry, _ in entries("run"):
        versions.setdefault(entry.name, set()).add(str(entry.specifier))
    differing = {name for name, found in versions.items() if len(found) > 1}

    assert differing == OTHER_ON_NEWER_PYTHONS, "run the tests on the newest Python before you add a package here"
