"""A client of 2024, as many programs still have it, unchanged and in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, data_folder
from tests.waiting import PATIENCE_SECONDS
from tests.web.speaking_server import TEXT, SpeakingServer, speaking, talk

PYTHON = REPOSITORY / ".venv-openai" / "bin" / "python"
pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="needs .venv-openai with a client of 2024: scripts/test.sh makes it"
)
SCRIPT = """
import asyncio, json, sys, openai

address, file, options = sys.argv[1] + "/v1", sys.argv[2], json.loads(sys.argv[3])

def told(answer):
    return answer if isinstance(answer, str) else answer.to_dict()

async def ask():
    async with openai.AsyncOpenAI(base_url=address, api_key="k") as client:
        return told(await client.audio.transcriptions.create(file=open(file, "rb"), model="whisper-1", **options))

with openai.OpenAI(base_url=address, api_key="k") as client:
    try:
        answer = told(client.audio.transcriptions.create(file=open(file, "rb"), model="whisper-1", **options))
    except openai.APIStatusError as error:
        answer = {"status": error.status_code, "code": error.code, "param": error.param}
    else:
        assert asyncio.run(ask()) == answer
print(json.dumps({"version": openai.__version__, "answer": answer}))
"""


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[SpeakingServer]:
    with speaking(data_folder(tmp_path_factory.mktemp("openai"), empty)) as server:
        yield server


def ask(server: SpeakingServer, sound: bytes, **options: Any) -> Any:
    """Return what both of its clients, the synchronous and the asynchronous one, get."""
    file = server.data_dir / "talk.wav"
    file.write_bytes(sound)
    command = [str(PYTHON), "-I", "-c", SCRIPT, server.address, str(file), json.dumps(options)]
    told = json.loads(
        subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True).stdout
    )
    assert told["version"].startswith("1.40.")
    return told["answer"]


def test_it_gets_a_text_in_each_form(server: SpeakingServer) -> None:
    assert ask(server, talk())["text"] == TEXT
    verbose = ask(server, talk(), response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert (verbose["text"], len(verbose["words"]), len(verbose["segments"])) == (TEXT, 6, 3)
    assert isinstance(verbose["duration"], float)


def test_its_own_handling_of_plain_text_works(server: SpeakingServer) -> None:
    """It passes any content type that is not JSON on as text."""
    assert ask(server, talk(), response_format="srt", temperature=0.0, prompt="", language="en").startswith("1\n00:")
    assert ask(server, talk(), response_format="vtt").startswith("WEBVTT")
    assert ask(server, talk(), response_format="text") == TEXT


def test_it_understands_a_refusal(server: SpeakingServer) -> None:
    assert ask(server, b"no sound") == {"status": 400, "code": "not_audio", "param": "file"}
