"""A transcript in the forms of whisper-asr-webservice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from app.domain.languages import english_name
from app.domain.transcript import Segment, Transcript, rounded
from app.formats import FORMATS
from app.web.asr_webservice.request import Output
from app.web.openai.answers import JSON_TYPE, TEXT_TYPE, Answer, languages_of, whisper_segment, word_answer

NO_LANGUAGE = "none"


def answer_of(transcript: Transcript, output: Output, *, has_words: bool) -> Answer:
    """Return the transcript in the form that was asked for."""
    transcript = transcript.in_order()
    if output is Output.JSON:
        return Answer(_json(transcript, has_words=has_words), JSON_TYPE)
    return Answer(_WRITERS[output](transcript), _TYPES.get(output, TEXT_TYPE))


def language_answer(transcript: Transcript) -> dict[str, Any]:
    """Return what was spoken, as the answer to a question for the language alone."""
    code = _language_of(transcript)
    confidence = rounded(transcript.confidence) or 0.0
    return {"detected_language": english_name(code), "language_code": code, "confidence": confidence}


def _json(transcript: Transcript, *, has_words: bool) -> bytes:
    told = {
        "text": transcript.text,
        "language": _language_of(transcript),
        "segments": [
            _segment(segment, number, has_words=has_words) for number, segment in enumerate(transcript.segments)
        ],
    }
    return json.dumps(told, ensure_ascii=False).encode(errors="replace")


def _segment(segment: Segment, number: int, *, has_words: bool) -> dict[str, Any]:
    told = whisper_segment(segment, number)
    if voice := segment.speaker or segment.channel:
        told["speaker"] = f"SPEAKER_{voice - 1:02d}"
    if has_words:
        told["words"] = [
            word_answer(word) | {"probability": round(word.confidence, 4), "score": round(word.confidence, 4)}
            for word in segment.words
        ]
    return told


def _tsv(transcript: Transcript) -> bytes:
    """Return times in whole milliseconds, so that no program's language changes their commas."""
    lines = [
        f"{round(segment.start * 1000)}\t{round(segment.end * 1000)}\t{' '.join(segment.text.split())}\n"
        for segment in transcript.segments
    ]
    return "".join(("start\tend\ttext\n", *lines)).encode()


def _language_of(transcript: Transcript) -> str:
    """Return one code, as programs expect; of a text in two languages that of the first."""
    return next((each["code"] for each in languages_of(transcript)), NO_LANGUAGE)


_WRITERS: Mapping[Output, Callable[[Transcript], bytes]] = {
    Output.TXT: FORMATS["txt"].content,
    Output.SRT: FORMATS["srt"].content,
    Output.VTT: FORMATS["vtt"].content,
    Output.TSV: _tsv,
}
_TYPES: Mapping[Output, str] = {Output.VTT: "text/vtt; charset=utf-8"}
