"""The messages of the live server, as JSON in the user's language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from app.domain.transcript import rounded
from app.logging import current_request_id
from app.services.live import (
    Acknowledged,
    Cleared,
    Committed,
    Ended,
    EndedSession,
    ErrorEvent,
    Final,
    LiveEvent,
    Partial,
    SettingsApplied,
    SpeakersChanged,
    Started,
    VoiceStarted,
    VoiceStopped,
)
from app.web.answers.transcriptions import options_answer
from app.web.live.messages import LIVE_OPTIONS

if TYPE_CHECKING:
    from app.domain.options import TranscriptionOptions
    from app.domain.transcription import SegmentRecord
    from app.i18n import Translate


@dataclass(frozen=True, slots=True)
class Pong:
    """The reply to a ping, echoing its time."""

    sent_at: float


News: TypeAlias = LiveEvent | Pong


def started_again(over: EndedSession) -> Started:
    """Return the first message to a client that resumes a session that has ended."""
    return Started(over.id, "", over.transcription, over.next_chunk, over.options, None, over.segments, over.channels)


def to_json(news: News, translate: Translate) -> str:
    message = _problem(news, translate) if isinstance(news, ErrorEvent) else _FORMS[type(news)](news)
    return json.dumps(message, ensure_ascii=False)


def _problem(news: ErrorEvent, translate: Translate) -> dict[str, Any]:
    told = {**news.problem.explained(translate), "request_id": current_request_id()}
    return {"type": "problem", **told, "fatal": news.is_fatal}


def _started(news: Started) -> dict[str, Any]:
    return {
        "type": "audio-started",
        "session": news.session,
        "token": news.token or None,
        "transcription": news.transcription,
        "next_chunk": news.next_chunk,
        "channels": news.channels.count,
        "channel_names": list(news.channels.names),
        **_options(news.options),
        "model": news.model,
        "segments": _finals(news.segments),
        "speakers": _speakers(news.speakers),
    }


def _acknowledged(news: Acknowledged) -> dict[str, Any]:
    return {"type": "acknowledged", "next_chunk": news.next_chunk, "seconds": round(news.seconds, 3)}


def _voice_started(news: VoiceStarted) -> dict[str, Any]:
    return {"type": "voice-started", "start": round(news.start, 3), "channel": news.channel}


def _voice_stopped(news: VoiceStopped) -> dict[str, Any]:
    place = {"start": round(news.start, 3), "end": round(news.end, 3)}
    return {"type": "voice-stopped", **place, "channel": news.channel}


def _partial(news: Partial) -> dict[str, Any]:
    return {
        "type": "partial",
        "segment": news.segment,
        "start": round(news.start, 3),
        "end": round(news.end, 3),
        "channel": news.channel,
        "text": news.text,
        "stable": news.stable,
        "latency_ms": round(news.latency_ms, 1),
    }


def _final(news: Final) -> dict[str, Any]:
    return {"type": "final", **_segment(news.segment), "latency_ms": round(news.latency_ms, 1)}


def _speakers_changed(news: SpeakersChanged) -> dict[str, Any]:
    return {"type": "speakers", "speakers": _speakers(news.speakers)}


def _committed(news: Committed) -> dict[str, Any]:
    return {"type": "committed", "segments": news.next_segment, "end": round(news.end, 3)}


def _cleared(news: Cleared) -> dict[str, Any]:
    return {"type": "cleared", "end": round(news.end, 3)}


def _settings(news: SettingsApplied) -> dict[str, Any]:
    return {"type": "settings", **_options(news.options)}


def _pong(news: Pong) -> dict[str, Any]:
    return {"type": "pong", "sent_at": news.sent_at}


def _ended(news: Ended) -> dict[str, Any]:
    return {"type": "ended", "transcription": news.transcription}


def _speakers(speakers: Mapping[int, int]) -> list[dict[str, int]]:
    return [{"segment": segment, "speaker": speaker} for segment, speaker in sorted(speakers.items())]


def _finals(segments: Sequence[SegmentRecord]) -> list[dict[str, Any]]:
    return [_segment(segment) for segment in segments if segment.state != "pending"]


def _segment(segment: SegmentRecord) -> dict[str, Any]:
    return {
        "segment": segment.index,
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "channel": segment.channel,
        "text": segment.text,
        "text_raw": segment.text_raw,
        "words": [word.to_dict() for word in segment.words],
        "confidence": rounded(segment.confidence),
        "dropped": segment.dropped,
        "failed": segment.state == "failed",
    }


def _options(options: TranscriptionOptions) -> dict[str, Any]:
    vad = options.vad
    return {
        "options": options_answer(options).model_dump(include=set(LIVE_OPTIONS)),
        "vad": {
            "detector": vad.detector,
            "threshold": vad.threshold,
            "mode": vad.mode,
            "min_silence_ms": vad.min_silence_ms,
            "max_segment_ms": vad.max_segment_ms,
            "min_speech_ms": vad.min_speech_ms,
        },
    }


_FORMS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Started: _started,
    Acknowledged: _acknowledged,
    VoiceStarted: _voice_started,
    VoiceStopped: _voice_stopped,
    Partial: _partial,
    Final: _final,
    SpeakersChanged: _speakers_changed,
    Committed: _committed,
    Cleared: _cleared,
    SettingsApplied: _settings,
    Pong: _pong,
    Ended: _ended,
}
