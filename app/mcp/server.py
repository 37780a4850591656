"""The MCP server: the tools with their names, descriptions and schemas, as assistants see them."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

import anyio
from anyio import to_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from app import __version__
from app.domain.errors.base import AppError
from app.domain.states import JobState
from app.domain.transcription import Transcription
from app.mcp.answers import Explanation, FoundRecordings, TranscribedFile, TranscriptPart
from app.mcp.tools import Toolbox
from app.services.options import OptionsPatch

NAME = "funasr-webui"
INSTRUCTIONS = """
Speech recognition that runs on this machine; nothing is sent anywhere. Transcribe a recording with transcribe_file, find
earlier ones with search_recordings, read a text with its times with read_transcript. Where a text is wrong or absent,
explain_problem says why. A job goes on when a call ends: ask again with its id, do not send the file twice.
"""
WAIT_SECONDS = 45.0  # many clients give up on a call after a minute
LONGEST_WAIT_SECONDS = 3600.0
LOOK_SECONDS = 0.5  # between looks at a running job
LARGEST_PAGE = 100
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)

P = ParamSpec("P")
T = TypeVar("T")

Id = Annotated[str, Field(description="Id of a recording, as the other tools return it.", max_length=64)]
State = Literal["queued", "running", "succeeded", "failed", "cancelled"]


def build_server(toolbox: Callable[[], Toolbox], readable: str) -> MCPServer:
    """Return the server; `readable` says in its instructions which files it can read.

    `toolbox` is asked at each call, in a thread; what it raises is told to the client.
    """
    server = MCPServer(
        NAME, title="Fun-ASR WebUI", instructions=f"{INSTRUCTIONS.strip()}\n{readable}", version=__version__
    )
    _add_transcribe(server, toolbox)
    _add_reading(server, toolbox)
    return server


def _add_transcribe(server: MCPServer, toolbox: Callable[[], Toolbox]) -> None:
    @server.tool(annotations=ToolAnnotations(destructive_hint=False, open_world_hint=False))
    @_told
    async def transcribe_file(
        context: Context,
        path: Annotated[str, Field(description="The recording: any sound or video file.")],
        language: Annotated[str, Field(description="zh, en, ... or auto.", max_length=16)] = "auto",
        hotwords: Annotated[
            list[str] | None,
            Field(description="Names and terms that are likely to be said, each as it is to be written."),
        ] = None,
        quality: Annotated[
            Literal["fast", "balanced", "accurate"] | None, Field(description="Default: accurate.")
        ] = None,
        wait_seconds: Annotated[
            float,
            Field(
                description="How long to wait for the text. A longer job goes on; read_transcript gives its text later.",
                ge=0,
                le=LONGEST_WAIT_SECONDS,
            ),
        ] = WAIT_SECONDS,
    ) -> TranscribedFile:
        """Turn a recording into text. The recording is copied, so it may be moved afterwards; the text is kept."""
        tools = await to_thread.run_sync(toolbox)
        given = {"language": language, "hotwords": hotwords, "quality": quality}
        changes = OptionsPatch.model_validate({name: value for name, value in given.items() if value is not None})
        id = await to_thread.run_sync(tools.submit, path, changes)
        await _follow(context, tools, id, time.monotonic() + wait_seconds)
        return await to_thread.run_sync(tools.result, id)


async def _follow(context: Context, tools: Toolbox, id: str, deadline: float) -> None:
    """Report the progress of a job until it ends or the deadline comes."""
    while True:
        record = await to_thread.run_sync(tools.progress, id)
        await context.report_progress(record.progress.percent, 100, _stage(record))
        if record.finished_at is not None or time.monotonic() >= deadline:
            return
        await anyio.sleep(LOOK_SECONDS)


def _stage(record: Transcription) -> str:
    progress = record.progress
    if not progress.segments_total:
        return record.state.value
    return f"{progress.segments_done} of {progress.segments_total} segments"


def _add_reading(server: MCPServer, toolbox: Callable[[], Toolbox]) -> None:
    @server.tool(annotations=READS)
    @_told
    async def search_recordings(
        query: Annotated[
            str,
            Field(
                description="Words of names or texts: all of them must be there. Empty: every recording.",
                max_length=200,
            ),
        ] = "",
        state: Annotated[State | None, Field(description="Only this state.")] = None,
        limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE, description="Most recordings to return.")] = 20,
        offset: Annotated[int, Field(ge=0, le=2**31, description="Recordings to skip.")] = 0,
    ) -> FoundRecordings:
        """Search the history of recordings, newest first, with the passages in which the words are said."""
        tools = await to_thread.run_sync(toolbox)
        return await to_thread.run_sync(tools.search, query, JobState(state) if state else None, limit, offset)

    @server.tool(annotations=READS)
    @_told
    async def read_transcript(
        id: Id,
        start_seconds: Annotated[float, Field(ge=0, description="Leave out what begins before.")] = 0.0,
        end_seconds: Annotated[float | None, Field(ge=0, description="Leave out what begins here or later.")] = None,
    ) -> TranscriptPart:
        """Read a text with its times, also of a job that is still running."""
        tools = await to_thread.run_sync(toolbox)
        return await to_thread.run_sync(tools.read, id, start_seconds, end_seconds)

    @server.tool(annotations=READS)
    @_told
    async def explain_problem(id: Id) -> Explanation:
        """Explain why a job failed, why its text is empty or may be wrong, and what helps."""
        tools = await to_thread.run_sync(toolbox)
        return await to_thread.run_sync(tools.explain, id)


def _told(tool: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Tell the client our own errors in full; others are logged and told without their text."""

    @functools.wraps(tool)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await tool(*args, **kwargs)
        except AppError as error:
            told = error.problem.explained()
            raise ToolError(f"{told['message']} [{told['code']}] {told['advice']}") from error

    return call
