"""Vercel's AI SDK, unchanged, against the real server."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, data_folder
from tests.web.speaking_server import TEXT, SpeakingServer, speaking, talk

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (REPOSITORY / "node_modules" / "ai").is_dir(),
    reason="needs node and the package ai: scripts/test.sh installs it",
)
SCRIPT = """
import { readFile } from "node:fs/promises";
import { experimental_transcribe as transcribe } from "ai";
import { createOpenAI } from "@ai-sdk/openai";

const [address, file, model, options] = process.argv.slice(1);
const openai = createOpenAI({ baseURL: `${address}/v1`, apiKey: "k" });
try {
  const told = await transcribe({
    model: openai.transcription(model),
    audio: await readFile(file),
    maxRetries: 0,
    providerOptions: { openai: JSON.parse(options) },
  });
  const { text, segments, language, durationInSeconds, warnings } = told;
  console.log(JSON.stringify({ text, segments, language, durationInSeconds, warnings }));
} catch (error) {
  console.log(JSON.stringify({ status: error.statusCode, message: error.message }));
}
"""


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[SpeakingServer]:
    with speaking(data_folder(tmp_path_factory.mktemp("ai"), empty)) as server:
        yield server


def ask(server: SpeakingServer, sound: bytes, model: str = "whisper-1", **options: Any) -> Any:
    file = server.data_dir / "talk.wav"
    file.write_bytes(sound)
    command = ["node", "--input-type=module", "-e", SCRIPT, server.address, str(file), model, json.dumps(options)]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_it_gets_text_and_times(server: SpeakingServer) -> None:
    told = ask(server, talk(), timestampGranularities=["segment"])

    assert (told["text"], told["language"]) == (TEXT, "en")
    assert [segment["text"] for segment in told["segments"]] == ["Level 2.", "Level 4.", "Level 6."]
    assert told["durationInSeconds"] == pytest.approx(6.6, abs=0.01)


def test_its_options_arrive(server: SpeakingServer) -> None:
    told = ask(
        server,
        talk(),
        "gpt-4o-mini-transcribe",
        language="zh",
        prompt="Names: ZyntriQix, Digique Plus",
        temperature=0.3,
        include=["logprobs"],
    )
    options = server.history()[0]["options"]

    assert told["text"] == TEXT
    assert (options["language"], options["hotwords"]) == ("zh", ["ZyntriQix", "Digique Plus"])


def test_it_passes_a_refusal_on(server: SpeakingServer) -> None:
    told = ask(server, b"no sound")

    assert told["status"] == 400
    assert told["message"].startswith("The file is not a recording that can be read")
