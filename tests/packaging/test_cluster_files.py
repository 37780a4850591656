"""compose.cluster.yaml and docker/kuberay.yaml name what exists: stages of the image, settings, ports, networks."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from app.settings import Settings
from tests.conftest import REPOSITORY
from tests.packaging.dockerfile import instructions, run_step, variables

OTHERS = ("AWS_", "RAY_AUTH_", "POSTGRES_", "SITE_ADDRESS")


@pytest.fixture(name="compose", scope="module")
def _compose() -> dict[str, Any]:
    content = (REPOSITORY / "compose.cluster.yaml").read_text(encoding="utf-8")
    found = yaml.safe_load(content)
    assert isinstance(found, dict)
    return found


@pytest.fixture(name="kubernetes", scope="module")
def _kubernetes() -> dict[str, Any]:
    content = (REPOSITORY / "docker" / "kuberay.yaml").read_text(encoding="utf-8")
    return {each["kind"]: each for each in yaml.safe_load_all(content)}


def test_every_setting_that_is_given_exists(compose: dict[str, Any], kubernetes: dict[str, Any]) -> None:
    [server] = kubernetes["Deployment"]["spec"]["template"]["spec"]["containers"]
    given = [name for service in compose["services"].values() for name in service.get("environment", {})]
    given += [each["name"] for each in server["env"]]

    unknown = [name for name in given if not name.startswith(OTHERS) and name not in _settings()]

    assert unknown == []
    assert {"FUNASR_DATABASE_URL", "FUNASR_FILES_URL", "FUNASR_CLUSTER"} <= set(given)


def _settings() -> set[str]:
    return {f"FUNASR_{name.upper()}" for name in Settings.model_fields}


def test_images_are_built_from_stages_that_have_what_a_cluster_needs(compose: dict[str, Any]) -> None:
    stages = {each.stage for each in instructions()}

    assert compose["services"]["server"]["build"]["target"] == "${TARGET:-cluster}"
    assert {"cluster", "cluster-cuda"} <= stages
    lists = re.findall(r"requirements/([a-z0-9]+)\.txt", run_step("requirements/postgresql.txt"))
    assert lists == ["postgresql", "s3", "cluster"]
    assert all((REPOSITORY / "requirements" / f"{name}.txt").exists() for name in lists)


def test_servers_trust_the_balancer_and_wait_for_what_they_need(compose: dict[str, Any]) -> None:
    [inside] = compose["networks"]["inside"]["ipam"]["config"]
    server = compose["services"]["server"]

    assert server["environment"]["FUNASR_TRUSTED_PROXIES"] == inside["subnet"]
    assert set(server["depends_on"]) == {"database", "bucket", "head"}
    assert compose["services"]["worker"]["deploy"]["replicas"] == server["deploy"]["replicas"] == 2
    published = [name for name, service in compose["services"].items() if service.get("ports")]
    assert published == ["caddy"]


def test_every_secret_is_asked_for_by_the_example(compose: dict[str, Any]) -> None:
    example = (REPOSITORY / "docker" / "cluster.env.example").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", yaml.safe_dump(compose)))

    assert asked == {"DATABASE_PASSWORD", "RAY_TOKEN", "STORE_KEY", "STORE_SECRET"}
    assert all(f"\n{name}=" in example for name in asked)


def test_the_balancer_asks_the_port_of_the_image() -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("needs caddy (apt install caddy)")
    file = REPOSITORY / "docker" / "Caddyfile.cluster"

    adapted = subprocess.run(
        [caddy, "validate", "--adapter", "caddyfile", "--config", file], capture_output=True, text=True, check=False
    )

    assert adapted.returncode == 0, adapted.stderr
    assert f"{{$SERVERS_PORT:{variables()['FUNASR_PORT']}}}" in file.read_text(encoding="utf-8")


def test_ray_is_the_locked_one_on_every_machine(kubernetes: dict[str, Any]) -> None:
    [locked] = re.findall(r"^ray\[?[a-z,]*\]?==([0-9.]+)", _requirements("cluster"), re.MULTILINE)

    assert kubernetes["RayCluster"]["spec"]["rayVersion"] == locked


def test_pods_are_asked_whether_they_live_and_can_work(kubernetes: dict[str, Any]) -> None:
    pod = kubernetes["Deployment"]["spec"]["template"]["spec"]
    [server] = pod["containers"]

    assert server["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert server["livenessProbe"]["httpGet"]["path"] == "/health"
    assert {mount["mountPath"] for mount in server["volumeMounts"]} == set(_volumes())


def _volumes() -> Iterator[str]:
    for name in ("FUNASR_DATA_DIR", "FUNASR_LOG_DIR", "FUNASR_MODELS_DIR"):
        yield variables()[name]


def _requirements(name: str) -> str:
    return (REPOSITORY / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
