"""Real proxies with the configurations from docs/reverse-proxy.md."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.waiting import PATIENCE_SECONDS, wait_until

NAME = "asr.example"
RESOLVE = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
GUIDE = REPOSITORY / "docs" / "reverse-proxy.md"
SERVER = "127.0.0.1:7860"  # in the guide
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {map}
    server {{
        listen 127.0.0.1:{port};
        {location}
    }}
}}
"""
CADDY = """
{{
    admin off
    local_certs
    skip_install_trust
    auto_https disable_redirects
    storage file_system {folder}/caddy
}}
{site}
"""


def examples(language: str) -> list[str]:
    """Return the blocks of the guide in a language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@contextmanager
def nginx(folder: Path, server: str, *, strips: bool, tells_port: bool = False) -> Iterator[str]:
    """Serve what listens at `server` (host:port) under /asr/; yields the address of the proxy.

    `tells_port` makes it send the host without the port, and the port in a header of its own.
    """
    program = _program("nginx", "apt install nginx-light")
    switch, stripping, passing_on, with_port = examples("nginx")
    location = (stripping if strips else passing_on).replace(SERVER, server)
    if tells_port:
        location = re.sub(r".*\$http_host;\n", "", location).replace(
            "location /asr/ {\n", f"location /asr/ {{\n{with_port}"
        )
    port = _free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, map=switch, location=location))
    with _running([program, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")], folder, port):
        yield f"http://localhost:{port}"


@contextmanager
def caddy(folder: Path, server: str) -> Iterator[str]:
    """Serve what listens at `server` under /asr/ with HTTPS, by a certificate that nobody knows."""
    program = _program("caddy", "apt install caddy")
    [site] = examples("caddy")
    port = _free_port()
    config = folder / "Caddyfile"
    site = site.replace(SERVER, server).replace(f"{NAME} {{", f"{NAME}:{port} {{")
    config.write_text(CADDY.format(folder=folder, site=site))
    with _running([program, "run", "--config", str(config), "--adapter", "caddyfile"], folder, port):
        yield f"https://{NAME}:{port}"


def _program(name: str, advice: str) -> str:
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        pytest.skip(f"needs {name} ({advice})")
    return path


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    said = folder / "output.log"
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | home)
    try:
        wait_until(lambda: _listens(port) or process.poll() is not None)
        assert process.poll() is None, said.read_text()
        yield
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
