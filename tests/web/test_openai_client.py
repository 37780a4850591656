"""OpenAI's own client, unchanged, against the real server."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.conftest import data_folder
from tests.loops import run_apart
from tests.web.speaking_server import TEXT, SpeakingServer, conversation, speaking, talk


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[SpeakingServer]:
    with speaking(data_folder(tmp_path_factory.mktemp("openai"), empty)) as server:
        yield server


@pytest.fixture(name="client")
def _client(server: SpeakingServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.address}/v1", api_key="no key is needed", max_retries=0) as client:
        yield client


def test_a_recording_becomes_a_text(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(file=("会议.m4a", talk()), model="whisper-1")

    assert answer.text == TEXT
    assert (answer.usage.type, answer.usage.seconds) == ("duration", 7)
    assert answer.logprobs is None


@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt", "verbose_json", "diarized_json"])
def test_the_asynchronous_client_gets_the_same(
    server: SpeakingServer, client: openai.OpenAI, response_format: Any
) -> None:
    async def ask() -> Any:
        async with openai.AsyncOpenAI(base_url=f"{server.address}/v1", api_key="k") as other:
            return await other.audio.transcriptions.create(
                file=conversation(), model="gpt-4o-transcribe", response_format=response_format
            )

    same = client.audio.transcriptions.create(file=conversation(), model="x", response_format=response_format)
    assert run_apart(ask()) == same


def test_the_asynchronous_client_gets_a_stream(server: SpeakingServer) -> None:
    async def ask() -> list[Any]:
        async with openai.AsyncOpenAI(base_url=f"{server.address}/v1", api_key="k") as client:
            return [
                event
                async for event in await client.audio.transcriptions.create(file=talk(), model="whisper-1", stream=True)
            ]

    events = run_apart(ask())
    assert "".join(event.delta for event in events[:-1]) == events[-1].text == TEXT


@pytest.mark.parametrize("response_format", ["text", "srt", "vtt"])
def test_a_plain_format_comes_as_text(client: openai.OpenAI, response_format: str) -> None:
    answer = client.audio.transcriptions.create(file=talk(), model="whisper-1", response_format=response_format)

    assert isinstance(answer, str)
    begin = {"text": TEXT, "srt": "1\n00:00:00,000 --> 00:00:01,", "vtt": "WEBVTT\n\n00:00:00.000 --> 00:00:01."}
    assert answer.startswith(begin[response_format])


def test_segments_have_every_member_of_whisper(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(file=talk(), model="whisper-1", response_format="verbose_json")
    first = answer.segments[0]

    assert (answer.language, answer.text, round(answer.duration, 1)) == ("english", TEXT, 6.6)
    assert [segment.text for segment in answer.segments] == ["Level 2.", "Level 4.", "Level 6."]
    assert (first.id, first.seek, first.tokens, first.temperature, first.no_speech_prob) == (0, 0, [], 0.0, 0.0)
    assert first.avg_logprob == pytest.approx(math.log(0.9), abs=1e-5)
    assert first.compression_ratio > 0
    assert answer.words is None


def test_words_come_only_when_asked_for(client: openai.OpenAI) -> None:
    def ask(*granularities: Any) -> Any:
        return client.audio.transcriptions.create(
            file=talk(), model="whisper-1", response_format="verbose_json", timestamp_granularities=list(granularities)
        )

    assert [word.word for word in ask("word").words] == ["Level", "2", "Level", "4", "Level", "6"]
    assert ask("word").segments is None
    assert len(ask("word", "segment").segments) == 3
    assert len(ask("word", "segment").words) == 6
    assert ask("segment").words is None


def test_the_probabilities_of_the_words_spell_the_text(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(file=talk(), model="gpt-transcribe", include=["logprobs"])

    assert "".join(each.token for each in answer.logprobs) == TEXT
    assert all(bytes(map(int, each.bytes)).decode() == each.token for each in answer.logprobs)
    assert {round(math.exp(each.logprob), 3) for each in answer.logprobs} == {0.9}


def test_channels_are_speakers(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(
        file=conversation(), model="gpt-4o-transcribe-diarize", response_format="diarized_json"
    )

    assert [(each.speaker, each.text) for each in answer.segments] == [
        ("A", "Level 2."),
        ("B", "Level 4."),
        ("A", "Level 6."),
    ]
    assert [each.id for each in answer.segments] == ["seg_001", "seg_002", "seg_003"]
    assert answer.text == "A: Level 2.\nB: Level 4.\nA: Level 6."
    assert answer.task == "transcribe"


def test_a_stream_brings_the_text_piece_by_piece(client: openai.OpenAI) -> None:
    with client.audio.transcriptions.create(
        file=talk(), model="whisper-1", stream=True, include=["logprobs"]
    ) as pieces:
        events = list(pieces)
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]

    assert deltas == ["Level 2.", " Level 4.", " Level 6."]
    assert (events[-1].type, events[-1].text, events[-1].usage.seconds) == ("transcript.text.done", TEXT, 7)
    assert "".join(each.token for event in events[:-1] for each in event.logprobs) == TEXT


def test_a_stream_of_speakers_brings_their_segments(client: openai.OpenAI) -> None:
    events = client.audio.transcriptions.create(
        file=conversation(), model="gpt-4o-transcribe-diarize", response_format="diarized_json", stream=True
    )
    segments = [event for event in events if event.type == "transcript.text.segment"]

    assert [(each.id, each.speaker) for each in segments] == [("seg_001", "A"), ("seg_002", "B"), ("seg_003", "A")]


def test_segments_of_one_channel_come_when_its_voices_are_known(client: openai.OpenAI) -> None:
    events = list(
        client.audio.transcriptions.create(
            file=talk(), model="gpt-4o-transcribe-diarize", response_format="diarized_json", stream=True
        )
    )

    kinds = [event.type.removeprefix("transcript.text.") for event in events]
    assert kinds == ["delta", "delta", "delta", "segment", "segment", "segment", "done"]
    assert [(each.id, each.text) for each in events[3:6]] == [
        ("seg_001", "Level 2."),
        ("seg_002", "Level 4."),
        ("seg_003", "Level 6."),
    ]


def test_silence_has_the_same_members_and_no_text(client: openai.OpenAI) -> None:
    def ask(response_format: Any) -> Any:
        return client.audio.transcriptions.create(file=talk(0.0), model="whisper-1", response_format=response_format)

    assert ask("json").text == ""
    assert (ask("verbose_json").text, ask("verbose_json").segments) == ("", [])
    assert (ask("diarized_json").text, ask("diarized_json").segments) == ("", [])
    assert (ask("srt"), ask("vtt"), ask("text")) == ("", "WEBVTT\n", "")


def test_every_option_of_the_client_is_understood(client: openai.OpenAI, server: SpeakingServer) -> None:
    answer = client.audio.transcriptions.with_raw_response.create(
        file=talk(0.3, 0.5),
        model="gpt-transcribe",
        language="zh",
        prompt="Glossary: ZyntriQix, 声学模型",
        temperature=0.2,
        keywords=["转写, 一句", "Conformer"],
        languages=["zh", "en"],
        chunking_strategy={"type": "server_vad", "silence_duration_ms": 500, "threshold": 0.4},
        known_speaker_names=["agent"],
        known_speaker_references=["data:audio/wav;base64,AAAA"],
        stream=False,
    )
    options = server.job(answer)["options"]
    changes = {each["name"] for each in json.loads(answer.headers["x-funasr-receipt"])["changes"]}

    assert (options["language"], options["channels"]) == ("zh", "mix")
    assert options["hotwords"] == ["转写, 一句", "Conformer", "ZyntriQix", "声学模型"]
    assert server.detection(answer).startswith("Silero, threshold 0.4; a pause of 0.5 s")
    assert {"model", "languages", "prompt", "temperature", "known_speakers"} <= changes


def test_a_file_that_is_no_sound_is_not_sent_again(server: SpeakingServer) -> None:
    before = len(server.history())
    with openai.OpenAI(base_url=f"{server.address}/v1", api_key="k") as client:  # which repeats twice by itself
        with pytest.raises(openai.BadRequestError) as refused:
            client.audio.transcriptions.create(file=b"no sound at all", model="whisper-1")
        with pytest.raises(openai.APIError) as broken:
            list(client.audio.transcriptions.create(file=b"no sound either", model="whisper-1", stream=True))

    assert (refused.value.code, refused.value.param, refused.value.type) == (
        "not_audio",
        "file",
        "invalid_request_error",
    )
    assert refused.value.request_id
    assert broken.value.code == "not_audio"
    assert len(server.history()) == before + 2


def test_models_are_listed_with_the_names_of_openai(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]

    assert {"builtin", "whisper-1", "gpt-transcribe", "gpt-4o-transcribe-diarize"} <= set(names)
    assert client.models.retrieve("whisper-1").owned_by == "funasr-webui"
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("some/model")
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


def test_a_translation_is_refused_with_a_code(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused, pytest.warns(DeprecationWarning, match="deprecated"):
        client.audio.translations.create(file=talk(), model="whisper-1")

    assert refused.value.code == "translation_unavailable"


def test_the_client_of_azure_finds_its_address(server: SpeakingServer) -> None:
    with openai.AzureOpenAI(azure_endpoint=server.address, api_version="2024-06-01", api_key="secret-9") as client:
        answer = client.audio.transcriptions.create(file=talk(), model="whisper")

    assert answer.text == TEXT
    assert "secret-9" not in server.log()


def test_the_newer_address_of_azure_is_answered_too(server: SpeakingServer) -> None:
    with openai.OpenAI(base_url=f"{server.address}/openai/v1/", api_key="k") as client:
        assert client.audio.transcriptions.create(file=talk(), model="whisper").text == TEXT
        assert client.models.retrieve("whisper-1").id == "whisper-1"


def test_without_a_model_nothing_is_sent_again(tmp_path: Path, empty: Path) -> None:
    with (
        speaking(data_folder(tmp_path, empty), "DamagedEngine") as server,
        openai.OpenAI(base_url=f"{server.address}/v1", api_key="k") as client,
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            client.audio.transcriptions.create(file=talk(), model="whisper-1")

        assert (refused.value.code, refused.value.response.headers["x-should-retry"]) == ("model_file_missing", "false")
        assert len(server.history()) == 1
