"""The events of a live session as the items of a realtime conversation: no socket, no model."""

from __future__ import annotations

from typing import Any

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.domain.errors.inference import InferenceFailed
from app.domain.transcription import SegmentRecord
from app.services.live import Cleared, Committed, Final, Partial, VoiceStarted, VoiceStopped
from app.web.live.socket_protocol import sockets_with
from app.web.openai.realtime.events import Dialect, Event
from app.web.openai.realtime.turns import Turns

TRANSCRIPTION = "conversation.item.input_audio_transcription"


def turns_of(*, by_client: bool = False) -> Turns:
    turns = Turns("s", Dialect.GA, str)
    turns.by_client = by_client
    return turns


def partial(text: str, stable: int, segment: int = 0) -> Partial:
    return Partial(segment, 0.0, 1.0, text, stable, 10.0)


def final(text: str, segment: int = 0, **more: Any) -> Final:
    record = SegmentRecord(
        index=segment, start=0.0, end=1.0, text=text, text_raw=text, words=(), confidence=None, **more
    )
    return Final(record, 10.0)


def deltas(events: list[Event]) -> list[str]:
    return [event["delta"] for event in events if event["type"] == f"{TRANSCRIPTION}.delta"]


def transcripts(events: list[Event]) -> list[str]:
    return [event["transcript"] for event in events if event["type"] == f"{TRANSCRIPTION}.completed"]


def test_deltas_are_the_growth_of_what_stays() -> None:
    turns = turns_of()
    events = [
        *turns.voice_started(VoiceStarted(0.0)),
        *turns.partial(partial("good mourning", 4)),
        *turns.partial(partial("good morning every", 4)),
        *turns.partial(partial("good morning everybody", 12)),
        *turns.voice_stopped(VoiceStopped(0.0, 1.0)),
        *turns.final(final("Good morning, everybody.")),
    ]

    assert deltas(events) == ["good", " morning"]
    assert transcripts(events) == ["Good morning, everybody."]


def test_the_final_adds_what_is_missing_to_the_deltas() -> None:
    turns = turns_of()
    events = [
        *turns.partial(partial("good morning", 4)),
        *turns.voice_stopped(VoiceStopped(0.0, 1.0)),
        *turns.final(final("good morning.")),
    ]

    assert "".join(deltas(events)) == "good morning."


def test_a_turn_of_the_client_may_have_several_segments() -> None:
    turns = turns_of(by_client=True)
    events = [
        *turns.voice_started(VoiceStarted(0.0)),
        *turns.partial(partial("one two", 7)),
        *turns.voice_stopped(VoiceStopped(0.0, 1.0)),
        *turns.voice_started(VoiceStarted(1.0)),
        *turns.partial(partial("three four", 5, segment=1)),  # the text before it is not known yet
        *turns.final(final("one two")),
        *turns.partial(partial("three four", 5, segment=1)),
        *turns.voice_stopped(VoiceStopped(1.0, 2.0)),
        *turns.committed(Committed(2, 2.0, closed=True)),
        *turns.final(final("three four", segment=1)),
    ]

    assert transcripts(events) == ["one two three four"]
    assert "".join(deltas(events)) == "one two three four"
    assert [event["type"] for event in events if "speech" in event["type"]] == []
    assert len({event["item_id"] for event in events if "item_id" in event}) == 1


def test_what_was_cleared_is_never_told() -> None:
    turns = turns_of(by_client=True)
    events = [
        *turns.voice_started(VoiceStarted(0.0)),
        *turns.voice_stopped(VoiceStopped(0.0, 1.0)),
        *turns.cleared(Cleared(1.0)),
        *turns.final(final("not this")),
        *turns.committed(Committed(1, 2.0, closed=False)),
    ]

    assert deltas(events) == []
    assert transcripts(events) == [""]


def test_a_segment_that_failed_is_told_with_its_reason() -> None:
    turns = turns_of()
    problem = InferenceFailed(detail="x").problem
    events = [
        *turns.voice_stopped(VoiceStopped(0.0, 1.0)),
        *turns.final(final("", state="failed", error=problem)),
    ]

    assert events[-1]["type"] == f"{TRANSCRIPTION}.failed"
    assert events[-1]["error"]["code"] == problem.code


def test_without_transcription_the_turns_are_told_alone() -> None:
    turns = turns_of()
    turns.is_transcribed = False
    events = [
        *turns.voice_started(VoiceStarted(0.0)),
        *turns.partial(partial("good", 4)),
        *turns.voice_stopped(VoiceStopped(0.0, 1.0)),
        *turns.final(final("good")),
    ]

    assert [event["type"] for event in events if event["type"].startswith(TRANSCRIPTION)] == []
    assert "conversation.item.done" in [event["type"] for event in events]


@pytest.mark.parametrize(
    ("path", "port", "is_pinged"),
    [("/v1/realtime", 7860, True), ("/ws/funasr", 7860, False), ("/", 10095, False), ("/asr/ws/funasr", 7860, False)],
)
def test_clients_of_funasr_are_not_pinged(
    path: str, port: int, is_pinged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinged: list[str] = []
    monkeypatch.setattr(
        WebSocketsSansIOProtocol, "start_keepalive", lambda sockets: pinged.append(sockets.scope["path"])
    )
    sockets: Any = object.__new__(sockets_with(10095))
    sockets.scope, sockets.server = {"path": path}, ("127.0.0.1", port)
    sockets.start_keepalive()

    assert bool(pinged) == is_pinged
