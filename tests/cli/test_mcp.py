"""`python -m app mcp`, spoken to by the official client over standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import TextContent

from app.paths import builtin_model_dir
from tests.conftest import REPOSITORY
from tests.loops import run_apart

MODEL = builtin_model_dir()


def with_client(folder: Path, ask: Callable[[Client], Awaitable[None]]) -> None:
    """Let `ask` use a program that keeps its data in `folder`."""
    arguments = ["-m", "app", "mcp", "--data-dir", str(folder / "data"), "--log-dir", str(folder / "logs")]
    program = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ), cwd=REPOSITORY)

    async def speak() -> None:
        async with Client(program) as client:
            await ask(client)

    async def speak_in_time() -> None:
        await asyncio.wait_for(speak(), 240)

    run_apart(speak_in_time())


async def call(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """Return what a tool answers, as a program reads it."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: object) -> str:
    """Return how a tool refuses."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return " ".join(part.text for part in result.content if isinstance(part, TextContent))


@pytest.mark.skipif(not (MODEL / "golden.json").is_file(), reason="needs the built-in model in models/builtin")
def test_an_assistant_transcribes_finds_reads_and_asks_what_went_wrong(tmp_path: Path) -> None:
    golden = json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))
    notes = tmp_path / "notes.mp3"
    notes.write_text("these are notes, not sound")
    stages: list[str] = []

    async def listen(_done: float, _total: float | None, message: str | None) -> None:
        stages.append(message or "")

    async def ask(client: Client) -> None:
        arguments = {"path": str(MODEL / golden["audio"]), "hotwords": ["转写"], "wait_seconds": 200}
        result = await client.call_tool("transcribe_file", arguments, progress_callback=listen)
        assert isinstance(result.structured_content, dict), result.content
        read = result.structured_content
        assert (read["state"], read["error"], read["is_whole"]) == ("succeeded", None, True)
        assert read["text"]
        assert stages[-1] == "1 of 1 segments"

        found = await call(client, "search_recordings", query=read["text"][:2])
        assert [each["id"] for each in found["recordings"]] == [read["id"]]
        assert (found["recordings"][0]["source"], found["next_offset"]) == ("mcp", None)
        assert found["recordings"][0]["passages"][0]["start_seconds"] is not None

        part = await call(client, "read_transcript", id=read["id"])
        assert "".join(line["text"] for line in part["lines"]) == read["text"]
        assert part["lines"][0]["end_seconds"] > part["lines"][0]["start_seconds"]
        assert (await call(client, "read_transcript", id=read["id"], start_seconds=3600))["lines"] == []

        failed = await call(client, "transcribe_file", path=str(notes), wait_seconds=60)
        assert (failed["state"], failed["text"]) == ("failed", "")
        assert "explain_problem" in failed["note"]
        why = await call(client, "explain_problem", id=failed["id"])
        assert why["error"] == failed["error"]
        assert why["error"]["code"] == "not_audio"
        assert any("job_failed" in line for line in why["log"])

    with_client(tmp_path, ask)


def test_what_a_tool_cannot_do_is_told_with_its_reason_and_the_session_goes_on(tmp_path: Path) -> None:
    async def ask(client: Client) -> None:
        assert "file_unreadable" in await refusal(client, "transcribe_file", path="no-such-file.wav")
        assert "file_unreadable" in await refusal(client, "transcribe_file", path=str(tmp_path))
        assert "file_unreadable" in await refusal(client, "transcribe_file", path="a\0b")
        assert "unknown_language" in await refusal(client, "transcribe_file", path="a.wav", language="klingon")
        assert "transcription_not_found" in await refusal(client, "read_transcript", id="0" * 16)
        assert "limit" in await refusal(client, "search_recordings", limit=0)
        assert (await call(client, "search_recordings"))["recordings"] == []

    with_client(tmp_path, ask)
