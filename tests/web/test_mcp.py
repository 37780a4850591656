"""`/mcp`, spoken to by the official client over HTTP."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp_types import TextContent

from tests.conftest import REPOSITORY
from tests.engine.sounds import wav_bytes
from tests.loops import run_apart
from tests.waiting import PATIENCE_SECONDS
from tests.web.conftest import Server


def with_client(server: Server, ask: Callable[[Client], Awaitable[None]]) -> None:
    async def speak() -> None:
        async with Client(f"{server.address}/mcp") as client:
            await ask(client)

    async def speak_in_time() -> None:
        await asyncio.wait_for(speak(), 60)

    run_apart(speak_in_time())


async def call(client: Client, tool: str, **arguments: object) -> tuple[dict[str, Any], str]:
    """Return what a tool answers, for programs and for people."""
    result = await client.call_tool(tool, arguments)
    return dict(result.structured_content or {}), " ".join(p.text for p in result.content if isinstance(p, TextContent))


def test_the_tools_say_what_they_do_and_what_they_take(server: Server) -> None:
    async def ask(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"transcribe_file", "search_recordings", "read_transcript", "explain_problem"}
        for tool in tools.values():
            assert tool.description
            assert tool.output_schema
            assert all("description" in each for each in tool.input_schema["properties"].values())

    with_client(server, ask)


def test_files_are_read_below_the_import_folder_alone(start_server: Callable[..., Server], tmp_path: Path) -> None:
    root = tmp_path / "recordings"
    root.mkdir()
    (root / "call.wav").write_bytes(wav_bytes(1.0))
    (tmp_path / "secret.wav").write_bytes(wav_bytes(1.0))
    (root / "link.wav").symlink_to(tmp_path / "secret.wav")
    server = start_server(import_root=str(root))

    async def ask(client: Client) -> None:
        for path in ("call.wav", str(root / "call.wav")):
            answer, _ = await call(client, "transcribe_file", path=path, wait_seconds=0)
            assert (answer["name"], answer["state"]) == ("call.wav", "queued")
            assert answer["id"] in answer["note"]
        for path in ("../secret.wav", "link.wav", str(tmp_path / "secret.wav"), "/etc/passwd", "."):
            answer, told = await call(client, "transcribe_file", path=path, wait_seconds=0)
            assert not answer
            assert "file_unreadable" in told
        _, of_a_file = await call(client, "transcribe_file", path="/etc/passwd")
        _, of_none = await call(client, "transcribe_file", path="/etc/no-such-file")
        assert of_none == of_a_file.replace("passwd", "no-such-file")

    with_client(server, ask)
    assert len(server.kept()) == 2


def test_without_an_import_folder_no_file_of_the_server_is_read(server: Server) -> None:
    async def ask(client: Client) -> None:
        answer, told = await call(client, "transcribe_file", path="/etc/passwd")
        assert not answer
        assert "FUNASR_IMPORT_ROOT" in told

    with_client(server, ask)


def test_the_example_of_the_documentation_runs(server: Server) -> None:
    page = (REPOSITORY / "docs" / "mcp.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    program = example.replace("http://127.0.0.1:7860", server.address)

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )

    assert ran.returncode == 0, ran.stderr


def test_what_is_no_message_is_refused_and_another_site_may_not_speak(remote: httpx2.Client) -> None:
    accepted = {"accept": "application/json, text/event-stream"}

    assert remote.post("/mcp", content=b"{", headers=accepted | {"content-type": "application/json"}).status_code == 400
    foreign = accepted | {"origin": "https://evil.example", "content-type": "application/json"}
    assert remote.post("/mcp", content=b"{}", headers=foreign).status_code == 403
