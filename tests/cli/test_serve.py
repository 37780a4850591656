"""Whatever keeps the server from starting is reported plainly at startup."""

from __future__ import annotations

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.cli.serve import listen
from tests.warm import run


def test_a_taken_port_is_named_with_who_has_it_and_a_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        result = run("serve", "--port", str(port), "--data-dir", tmp_path / "d", "--log-dir", tmp_path / "l")

    assert result.returncode == 1
    assert "[port_taken]" in result.stderr
    assert str(port) in result.stderr
    assert f"(PID {os.getpid()})" in result.stderr
    assert "--port" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_taken_port_of_funasr_names_its_own_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        folders = ("--data-dir", tmp_path / "d", "--log-dir", tmp_path / "l")

        result = run("serve", "--port", "0", "--funasr-port", port, *folders)

    assert result.returncode == 1
    assert "[funasr_port_taken]" in result.stderr
    assert "--funasr-port" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--ssl-certfile", "missing.pem"), "No such file"),
        (("--ssl-certfile", "text.pem"), "text.pem"),
        (("--ssl-keyfile", "text.pem"), "there is a key, but no certificate"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, options: tuple[str, str], reason: str) -> None:
    (tmp_path / "text.pem").write_text("no certificate at all")
    name, file = options
    folders = ("--data-dir", tmp_path / "d", "--log-dir", tmp_path / "l")

    result = run("serve", "--port", "0", name, tmp_path / file, *folders)

    assert result.returncode == 1
    assert "[certificate_unusable]" in result.stderr
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(find_spec("ray") is not None, reason="needs an installation without Ray")
def test_a_package_that_a_setting_needs_is_named(tmp_path: Path) -> None:
    folders = ("--data-dir", tmp_path / "data", "--log-dir", tmp_path / "logs")

    result = run("serve", *folders, variables=os.environ | {"FUNASR_CLUSTER": "auto"})

    assert result.returncode == 1
    assert "package_missing" in result.stderr
    assert "requirements/cluster.txt" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")

    result = run("serve", "--port", "0", "--data-dir", blocked / "data", "--log-dir", tmp_path / "l")

    assert result.returncode == 1
    assert "[folder_unwritable]" in result.stderr
    assert str(blocked) in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_data_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    result = run("serve", "--port", "0", "--data-dir", tmp_path / "data", "--log-dir", tmp_path / "l")

    assert "[folder_unwritable]" in result.stderr


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    result = run("serve", "--host", "203.0.113.1", "--port", "0", "--data-dir", tmp_path, "--log-dir", tmp_path / "l")

    assert result.returncode == 1
    assert "[address_unusable]" in result.stderr


@pytest.mark.sqlite("damages the file")
def test_a_damaged_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "app.db").write_bytes(b"this is no database at all" * 100)

    result = run("serve", "--port", "0", "--data-dir", tmp_path, "--log-dir", tmp_path / "l")

    assert result.returncode == 1
    assert "[database_damaged]" in result.stderr
    assert "Traceback" not in result.stderr


def test_small_answers_leave_at_once() -> None:
    """Without TCP_NODELAY an answer in two parts waits 40 ms for the other side's acknowledgement."""
    told: list[int] = []

    def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def serve_one() -> None:
        listener = listen("127.0.0.1", 0)
        async with await asyncio.start_server(accepted, sock=listener):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            await reader.read()
            writer.close()

    with ThreadPoolExecutor() as thread:  # playwright leaves its event loop in the thread of the tests
        thread.submit(asyncio.run, serve_one()).result()

    assert told == [1]
