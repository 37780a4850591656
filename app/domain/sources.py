"""Where recordings come from; app/web/labels.py has the names for people."""

from __future__ import annotations

from enum import StrEnum


class Source(StrEnum):
    """The way by which a recording came in."""

    PAGE = "page"
    API = "api"
    CLI = "cli"
    LIVE = "live"
    BATCH = "batch"
    FOLDER = "folder"
    """A watched folder."""
    COMPARE = "compare"
    OPENAI = "openai"
    """`POST /v1/audio/transcriptions`."""
    OPENAI_LIVE = "openai_live"
    """A realtime session of OpenAI's."""
    FUNASR = "funasr"
    """FunASR's websockets."""
    ASR = "asr"
    """`POST /asr` of whisper-asr-webservice."""
    MCP = "mcp"
    """A tool of the Model Context Protocol."""
