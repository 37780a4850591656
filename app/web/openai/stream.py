"""The events of a streamed transcription: each segment as soon as it and all before it are recognised."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from app.domain.errors.base import AppError
from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.transcript import Transcript, needs_space
from app.domain.transcription import SegmentRecord
from app.services.clients.following import SettledSegments
from app.web.clients.errors import openai_error, openai_status
from app.web.clients.waiting import Follower
from app.web.openai.answers import diarized_segment, diarized_text, languages_of, logprobs_of, segment_id, usage_of
from app.web.openai.request import ResponseFormat, SpeechRequest

LINE_END = "\n"


@dataclass(frozen=True, slots=True)
class StreamedJob:
    """What a stream reads."""

    segments: SettledSegments
    finish: Callable[[], Transcript]
    """Returns the whole text, or raises why there is none."""
    told: Callable[[AppError], dict[str, str]]
    """Returns an error with its texts in the language of the client."""


async def events_of(follower: Follower, job: StreamedJob, asked: SpeechRequest) -> AsyncIterator[ServerSentEvent]:
    """Yield the text piece by piece and at last as a whole; an error ends the stream instead."""
    writer = _Writer(asked)
    try:
        async for _ in follower.changes():
            for event in writer.pieces(await run_in_threadpool(_new, job.segments)):
                yield _sent(event)
        for event in writer.end(await run_in_threadpool(job.finish)):
            yield _sent(event)
    except AppError as error:
        yield _sent(openai_error(job.told(error), openai_status(error.code, error.status)))


def _new(segments: SettledSegments) -> list[SegmentRecord]:
    try:
        return segments.read()
    except TranscriptionNotFound:  # the end will tell
        return []


class _Writer:
    """Writes events in the order of the text."""

    def __init__(self, asked: SpeechRequest) -> None:
        self._asked = asked
        self._is_diarized = asked.response_format is ResponseFormat.DIARIZED_JSON
        self._has_logprobs = asked.wants_logprobs
        self._before = ""
        self._count = 0

    def pieces(self, segments: Iterable[SegmentRecord]) -> Iterator[dict[str, Any]]:
        for segment in segments:
            if segment.text.strip():
                is_labelled = self._is_diarized and segment.channel is not None
                self._count += is_labelled
                yield self._delta(segment, is_labelled=is_labelled)
                if is_labelled:
                    yield diarized_segment(segment, self._count)

    def end(self, transcript: Transcript) -> Iterator[dict[str, Any]]:
        """Yield the end; before it the segments by speaker, where these are told apart by their voices, after the text."""
        transcript = transcript.in_order()
        names = transcript.speaker_names
        if self._is_diarized and not self._count:
            for number, segment in enumerate(transcript.segments, 1):
                yield diarized_segment(segment, number, names)
        text = diarized_text(transcript.segments, names) if self._is_diarized else transcript.text
        told: dict[str, Any] = {"type": "transcript.text.done", "text": text}
        if self._has_logprobs:
            told["logprobs"] = logprobs_of(transcript.segments)
        if languages := languages_of(transcript):
            told["languages"] = languages
        yield told | {"usage": usage_of(transcript)}

    def _delta(self, segment: SegmentRecord, *, is_labelled: bool) -> dict[str, Any]:
        """Return the text of a segment; all of them one behind the other are the whole text."""
        text = segment.text.strip()
        gap = " " if self._before and needs_space(self._before, text) else ""
        told: dict[str, Any] = {"type": "transcript.text.delta", "delta": gap + text}
        if self._has_logprobs:
            told["logprobs"] = logprobs_of([segment], self._before)
        if is_labelled:
            told["segment_id"] = segment_id(self._count)
        self._before = text
        return told


def _sent(told: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(told, ensure_ascii=False), sep=LINE_END)
