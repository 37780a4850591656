"""A cluster with Ray's token authentication, as our deployments have it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.conftest import needs_ray
from tests.cluster.heads import Head, head_in
from tests.services.conftest import talk
from tests.waiting import wait_until
from tests.web.live_process import live_servers

pytestmark = [needs_ray, pytest.mark.slow]
ENGINE = "tests.cluster.engines:NotingEngine"
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a-token-of-the-tests-0123456789abcdef"}


@pytest.fixture(name="head", scope="module")
def _head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    with head_in(tmp_path_factory.mktemp("head"), **TOKEN) as head:
        yield head


def set_variables(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_a_server_with_the_token_has_its_recordings_read(
    head: Head, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, **TOKEN)
    with live_servers(tmp_path / "data") as serve:
        server = serve(ENGINE, cluster=head.client_address)
        id = server.tell("POST", "/transcriptions", files={"file": ("talk.wav", talk(0.2))})["id"]
        wait_until(lambda: server.state_of(id) == "succeeded")


@pytest.mark.parametrize(
    "variables", [{"RAY_AUTH_MODE": "disabled"}, TOKEN | {"RAY_AUTH_TOKEN": "another"}], ids=["none", "another"]
)
def test_a_server_without_the_token_says_what_to_do(
    head: Head, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    set_variables(monkeypatch, **variables)
    with live_servers(tmp_path / "data") as serve:
        server = serve(ENGINE, cluster=head.client_address)
        wait_until(lambda: server.ask("/system/cluster")["problem"])
        problem = server.ask("/system/cluster")["problem"]

        assert problem["code"] == "cluster_refused"
        assert "RAY_AUTH_TOKEN" in problem["advice"]


def test_the_health_check_of_the_containers_takes_the_token(head: Head) -> None:
    command = [Path(sys.executable).parent / "ray", "health-check", "--address", head.address]
    assert subprocess.run(command, check=False, env=os.environ | TOKEN).returncode == 0
