"""A transcript in the forms of OpenAI's API."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.languages import english_name
from app.domain.transcript import Segment, Transcript, Word, join_texts, needs_space
from app.formats import FORMATS
from app.web.openai.request import ResponseFormat, SpeechRequest

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
SEEKS_PER_SECOND = 100  # Whisper counts the frames of its features
LEAST_PROBABILITY = 1e-6
WORD_MARKS = ',.!?;:，。！？；：、…"“”'
SPEAKERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_LANGUAGE = "none"
NOBODY_KNOWN: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a response."""

    content: bytes
    media_type: str


def answer_of(transcript: Transcript, asked: SpeechRequest) -> Answer:
    """Return the transcript as the request wants to have it."""
    return _WRITERS[asked.response_format](transcript.in_order(), asked)


def usage_of(transcript: Transcript) -> dict[str, Any]:
    """Return what would be billed: whole seconds, rounded up."""
    return {"type": "duration", "seconds": math.ceil(round(transcript.duration, 3))}


def languages_of(transcript: Transcript) -> list[dict[str, str]]:
    """Return the codes of the languages that were heard."""
    if transcript.language in ("", NO_LANGUAGE):
        return []
    parts = transcript.language.split("-") if transcript.language == "zh-en" else [transcript.language]
    return [{"code": code} for code in parts]


def logprobs_of(segments: Iterable[Segment], before: str = "") -> list[dict[str, Any]]:
    """Return the logarithm of each word's probability; the tokens together are the text that follows `before`."""
    told = []
    for token, confidence in _tokens(segments, before):
        probability = max(confidence, LEAST_PROBABILITY)
        told.append({"token": token, "logprob": round(math.log(probability), 6), "bytes": list(token.encode())})
    return told


def speaker_of(segment: Segment, names: Mapping[int, str] = NOBODY_KNOWN) -> str:
    """Return the label of a speaker, told apart by the voice or else by the channel; the name of one who is known."""
    if name := names.get(segment.speaker or 0):
        return name
    number = (segment.speaker or segment.channel or 1) - 1
    return SPEAKERS[number] if number < len(SPEAKERS) else f"S{number + 1}"


def diarized_segment(segment: Segment, number: int, names: Mapping[int, str] = NOBODY_KNOWN) -> dict[str, Any]:
    return {
        "type": "transcript.text.segment",
        "id": segment_id(number),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "speaker": speaker_of(segment, names),
    }


def segment_id(number: int) -> str:
    return f"seg_{number:03d}"


def diarized_text(segments: Iterable[Segment], names: Mapping[int, str] = NOBODY_KNOWN) -> str:
    return "\n".join(f"{speaker_of(segment, names)}: {segment.text}" for segment in segments)


def _plain_json(transcript: Transcript, asked: SpeechRequest) -> Answer:
    told: dict[str, Any] = {"text": transcript.text}
    if asked.wants_logprobs:
        told["logprobs"] = logprobs_of(transcript.segments)
    if languages := languages_of(transcript):
        told["languages"] = languages
    return _json_answer(told | {"usage": usage_of(transcript)})


def _verbose_json(transcript: Transcript, asked: SpeechRequest) -> Answer:
    told: dict[str, Any] = {
        "task": "transcribe",
        "language": english_name(transcript.language),
        "duration": round(transcript.duration, 3),
        "text": transcript.text,
    }
    if asked.wants_words:
        told["words"] = [word_answer(word) for segment in transcript.segments for word in segment.words]
    if asked.wants_segments:
        told["segments"] = [
            whisper_segment(segment, number, transcript.speaker_names)
            for number, segment in enumerate(transcript.segments)
        ]
    return _json_answer(told | {"usage": usage_of(transcript)})


def _diarized_json(transcript: Transcript, _asked: SpeechRequest) -> Answer:
    names = transcript.speaker_names
    segments = [diarized_segment(segment, number, names) for number, segment in enumerate(transcript.segments, 1)]
    told = {
        "task": "transcribe",
        "duration": round(transcript.duration, 3),
        "text": diarized_text(transcript.segments, names),
        "segments": segments,
    }
    return _json_answer(told | {"usage": usage_of(transcript)})


def _text(transcript: Transcript, _asked: SpeechRequest) -> Answer:
    return Answer(transcript.text.encode(), TEXT_TYPE)


def _srt(transcript: Transcript, _asked: SpeechRequest) -> Answer:
    return Answer(FORMATS["srt"].content(transcript), TEXT_TYPE)


def _vtt(transcript: Transcript, _asked: SpeechRequest) -> Answer:
    return Answer(FORMATS["vtt"].content(transcript), FORMATS["vtt"].media_type)


_WRITERS: Mapping[ResponseFormat, Callable[[Transcript, SpeechRequest], Answer]] = {
    ResponseFormat.JSON: _plain_json,
    ResponseFormat.VERBOSE_JSON: _verbose_json,
    ResponseFormat.DIARIZED_JSON: _diarized_json,
    ResponseFormat.TEXT: _text,
    ResponseFormat.SRT: _srt,
    ResponseFormat.VTT: _vtt,
}


def whisper_segment(segment: Segment, number: int, names: Mapping[int, str] = NOBODY_KNOWN) -> dict[str, Any]:
    """Return all members of Whisper's segments: programs in strict languages fail where one is absent."""
    told = {
        "id": number,
        "seek": round(segment.start * SEEKS_PER_SECOND),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(math.log(max(segment.confidence or 1.0, LEAST_PROBABILITY)), 6),
        "compression_ratio": round(_compression_ratio(segment.text), 3),
        "no_speech_prob": 0.0,
    }
    is_unknown = segment.speaker is None and segment.channel is None
    return told if is_unknown else told | {"speaker": speaker_of(segment, names)}


def word_answer(word: Word) -> dict[str, Any]:
    """Return a word without the marks after it, as Whisper's words are."""
    text = word.text.strip().strip(WORD_MARKS) or word.text
    return {"word": text, "start": round(word.start, 3), "end": round(word.end, 3)}


def _compression_ratio(text: str) -> float:
    """Return how far the text can be compressed: Whisper's measure of a repeated text."""
    written = text.encode()
    return len(written) / len(zlib.compress(written)) if written else 0.0


def _tokens(segments: Iterable[Segment], before: str) -> Iterator[tuple[str, float]]:
    written = before
    for segment in segments:
        parts = [(word.text, word.confidence) for word in segment.words] or [(segment.text, segment.confidence or 1.0)]
        for text, confidence in _as_written(segment.text, parts):
            gap = " " if written and text and needs_space(written, text) else ""
            yield gap + text, confidence
            written = text.rstrip() or written


def _as_written(text: str, parts: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the words if they are the whole text, else the text as one."""
    if join_texts(part for part, _ in parts) == text.strip():
        return [(part.strip(), confidence) for part, confidence in parts if part.strip()]
    mean = sum(confidence for _, confidence in parts) / len(parts)
    return [(text.strip(), mean)]


def _json_answer(told: Mapping[str, Any]) -> Answer:
    return Answer(json.dumps(told, ensure_ascii=False).encode(errors="replace"), JSON_TYPE)
