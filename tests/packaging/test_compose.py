"""compose.yaml matches the image, and its proxy passes everything through, tested with Caddy."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import yaml
from websockets.sync.client import connect

from tests.conftest import REPOSITORY
from tests.packaging.dockerfile import command, instructions, only, variables
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web.conftest import serving

CADDYFILE = REPOSITORY / "docker" / "Caddyfile"
LARGE = 40 * 2**20


@pytest.fixture(name="services", scope="module")
def _services() -> dict[str, Any]:
    services = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert isinstance(services, dict)
    return services


def test_every_volume_of_the_image_is_kept(services: dict[str, Any]) -> None:
    mounted = [volume.partition(":")[2] for volume in services["server"]["volumes"]]

    assert mounted == list(command(only("runtime", "VOLUME")))


def test_its_targets_are_those_of_the_dockerfile(services: dict[str, Any]) -> None:
    stages = {each.stage for each in instructions()}

    assert services["server"]["build"]["target"] == "${TARGET:-cpu}"
    assert {"cpu", "cuda"} < stages
    more = yaml.safe_load((REPOSITORY / "compose.cuda.yaml").read_text(encoding="utf-8"))["services"]["server"]
    assert more["deploy"]["resources"]["reservations"]["devices"][0]["capabilities"] == ["gpu"]


@pytest.mark.parametrize("file", ["compose.yaml", "compose.cluster.yaml"])
def test_the_health_check_of_the_image_is_asked_for_whatever_built_it(file: str) -> None:
    server = yaml.safe_load((REPOSITORY / file).read_text(encoding="utf-8"))["services"]["server"]
    options, _, _ = only("runtime", "HEALTHCHECK").partition(" CMD ")

    check = server["healthcheck"]

    assert check["test"] == ["CMD", *command(only("runtime", "HEALTHCHECK"))]
    given = {name.replace("_", "-"): value for name, value in check.items() if name != "test"}
    assert [f"--{name}={value}" for name, value in given.items()] == options.split()


def test_the_proxy_finds_the_server_and_is_trusted(services: dict[str, Any]) -> None:
    networks = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))["networks"]
    [inside] = networks["inside"]["ipam"]["config"]

    assert services["caddy"]["environment"]["UPSTREAM"] == f"server:{variables()['FUNASR_PORT']}"
    assert services["server"]["environment"]["FUNASR_TRUSTED_PROXIES"] == inside["subnet"]
    assert services["caddy"]["networks"] == services["server"]["networks"] == ["inside"]
    assert services["caddy"]["profiles"] == ["https"]
    assert "profiles" not in services["server"]


@contextmanager
def caddy(folder: Path, upstream: str) -> Iterator[tuple[str, ssl.SSLContext]]:
    """The proxy with its Caddyfile; only what would touch this machine (port 80, its certificates) is left out."""
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("needs caddy (apt install caddy)")
    here = f"skip_install_trust\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system {folder}/caddy"
    config = folder / "Caddyfile"
    config.write_text(CADDYFILE.read_text(encoding="utf-8").replace("skip_install_trust", here))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"https://localhost:{probe.getsockname()[1]}"
    environment = os.environ | {"SITE_ADDRESS": address, "UPSTREAM": upstream, "HOME": str(folder)}
    output = (folder / "output.log").open("wb")
    with (
        output,
        subprocess.Popen(
            [program, "run", "--config", str(config)], stdout=output, stderr=output, env=environment
        ) as proxy,
    ):
        try:
            yield address, _trusting(folder, address, proxy)
        finally:
            proxy.kill()  # asked to end, it would wait a minute for the stream of events


def _trusting(folder: Path, address: str, proxy: subprocess.Popen[bytes]) -> ssl.SSLContext:
    """Wait until the proxy serves, and return a context that trusts its own authority."""
    root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    said = folder / "output.log"

    def trusting() -> ssl.SSLContext | None:
        assert proxy.poll() is None, said.read_text()
        with suppress(OSError, httpx.TransportError):
            context = ssl.create_default_context(cafile=str(root))
            httpx.get(address, verify=context)
            return context
        return None

    found = wait_until(trusting, said.read_text)
    assert found
    return found


def test_events_sockets_and_large_uploads_pass_the_proxy(tmp_path: Path) -> None:
    (tmp_path / "proxy").mkdir()
    with (
        serving(tmp_path / "data", tmp_path / "logs") as server,
        caddy(tmp_path / "proxy", server.address.removeprefix("http://")) as (address, trusted),
        httpx.Client(base_url=address, verify=trusted, timeout=PATIENCE_SECONDS) as client,
    ):
        page = client.get("/")
        received = client.post("/api/v1/doctor/upload", content=bytes(LARGE)).json()
        with client.stream("GET", "/api/v1/transcriptions/events") as stream:
            made = client.post("/api/v1/transcriptions", files={"file": ("a.wav", b"not sound, but stored")})
            line = next(line for line in stream.iter_lines() if made.json()["id"] in line)
        with connect(f"{address.replace('https', 'wss')}/api/v1/doctor/echo", ssl=trusted, origin=address) as socket_:
            socket_.send("hello")
            echoed = socket_.recv(timeout=PATIENCE_SECONDS)

    assert page.status_code == 200
    assert received == {"size_bytes": LARGE}
    assert json.loads(line.removeprefix("data: "))["id"] == made.json()["id"]
    assert echoed == "hello"
