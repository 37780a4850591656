"""Known speakers of OpenAI's dialect, with its own client against the real server."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.conftest import data_folder
from tests.engine.speakers.voices import write_networks
from tests.web.speaking_server import SpeakingServer, speaking, talk

DIARIZING: dict[str, Any] = {"model": "gpt-4o-transcribe-diarize", "response_format": "diarized_json"}


def sample(seconds: float) -> str:
    return "data:audio/wav;base64," + base64.b64encode(talk(0.3, seconds=seconds)).decode()


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[SpeakingServer]:
    """A server whose model of speakers hears one person, who sounds like any other: its weights are made up."""
    models = tmp_path_factory.mktemp("models")
    (models / "speakers").mkdir()
    write_networks(models / "speakers", hears_one=True)
    folder = data_folder(tmp_path_factory.mktemp("openai"), empty)
    with speaking(folder, models_dir=str(models)) as server:
        yield server


@pytest.fixture(name="client")
def _client(server: SpeakingServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.address}/v1", api_key="k", max_retries=0, timeout=300) as client:
        yield client


def test_a_known_speaker_is_called_by_name_in_this_answer_alone(client: openai.OpenAI, server: SpeakingServer) -> None:
    known = {"known_speaker_names": ["agent"], "known_speaker_references": [sample(2.5)]}
    named = client.audio.transcriptions.with_raw_response.create(file=talk(0.3, seconds=4.0), **DIARIZING, **known)
    again = client.audio.transcriptions.create(file=talk(0.3, seconds=4.0), **DIARIZING)
    receipt = json.loads(named.headers["x-funasr-receipt"])

    assert {segment["speaker"] for segment in named.http_response.json()["segments"]} == {"agent"}
    assert named.http_response.json()["text"].startswith("agent: ")
    assert not [line for line in receipt["changes"] if line["name"] == "known_speakers"]
    assert {segment.speaker for segment in again.segments} == {"A"}
    with server.client() as http:
        speakers = http.get(f"/api/v1/transcriptions/{receipt['transcription']}/speakers").json()["speakers"]
        assert [each["name"] for each in speakers] == [""]
        assert http.get("/api/v1/voices").json()["voices"] == []


@pytest.mark.parametrize(
    ("names", "references", "field"),
    [
        (["agent", "customer"], [sample(2.5)], "known_speaker_references"),
        (["agent"], ["data:audio/wav;base64,AAAA"], "known_speaker_references"),
        (["a", "b", "c", "d", "e"], [sample(2.5)] * 5, "known_speaker_names"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field(
    client: openai.OpenAI, names: list[str], references: list[str], field: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.transcriptions.create(
            file=talk(), **DIARIZING, known_speaker_names=names, known_speaker_references=references
        )
    assert refused.value.param == field
