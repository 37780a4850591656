"""What the server sends in a realtime session: plain JSON objects in the dialect that the client speaks."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.domain.transcript import Word
from app.web.openai.realtime.session_config import BETA_FORMATS, SemanticVad, ServerVad, SessionConfig

if TYPE_CHECKING:
    from app.domain.options import VadOptions

Event = dict[str, Any]
TRANSCRIPTION = "conversation.item.input_audio_transcription"


class Dialect(StrEnum):
    """How a client names things; each is answered in its own."""

    GA = "session"
    BETA = "transcription_session"
    BETA_CONVERSATION = "beta session"
    """The beta without `intent=transcription`: events of the GA with the fields of the beta."""

    @property
    def is_beta(self) -> bool:
        return self is not Dialect.GA

    @property
    def noun(self) -> str:
        return "transcription_session" if self is Dialect.BETA else "session"


def event(type: str, **members: Any) -> Event:
    return {"type": type, "event_id": f"event_{secrets.token_hex(10)}", **members}


@dataclass(frozen=True, slots=True)
class SessionState:
    """What `session.created` and `session.updated` tell."""

    id: str
    expires_at: int
    config: SessionConfig
    vad: VadOptions
    """As it is applied."""
    extension: Mapping[str, Any]
    """What only this server tells."""

    def answer(self, dialect: Dialect) -> dict[str, Any]:
        of_dialect = self._beta() if dialect.is_beta else self._ga()
        facts = {"id": self.id, "object": "realtime.transcription_session", "expires_at": self.expires_at}
        return {**facts, **of_dialect, "include": list(self.config.include) or None, "funasr": dict(self.extension)}

    def _ga(self) -> dict[str, Any]:
        return {
            "type": "transcription",
            "audio": {
                "input": {
                    "format": self.config.format.answer(),
                    "noise_reduction": _dumped(self.config.noise_reduction),
                    "transcription": _dumped(self.config.transcription),
                    "turn_detection": self._turn_detection(),
                }
            },
        }

    def _beta(self) -> dict[str, Any]:
        formats = {each.type: name for name, each in BETA_FORMATS.items()}
        return {
            "input_audio_format": formats[self.config.format.type],
            "input_audio_noise_reduction": _dumped(self.config.noise_reduction),
            "input_audio_transcription": _dumped(self.config.transcription),
            "turn_detection": self._turn_detection(),
            "client_secret": None,
        }

    def _turn_detection(self) -> dict[str, Any] | None:
        turns = self.config.turn_detection
        if isinstance(turns, SemanticVad):
            return {"type": "semantic_vad", "eagerness": turns.eagerness or "auto"}
        return self._server_vad() if isinstance(turns, ServerVad) else None

    def _server_vad(self) -> dict[str, Any]:
        return {
            "type": "server_vad",
            "threshold": self.vad.threshold,
            "prefix_padding_ms": self.vad.speech_pad_ms,
            "silence_duration_ms": self.vad.min_silence_ms,
            "idle_timeout_ms": None,
        }


def _dumped(part: Any) -> dict[str, Any] | None:
    return None if part is None else part.model_dump(exclude_none=True)


def item_events(dialect: Dialect, item_id: str, previous: str | None) -> Iterable[Event]:
    """Return what tells that a turn is part of the conversation."""
    content = [{"type": "input_audio", "transcript": None}]
    facts = {"id": item_id, "object": "realtime.item", "type": "message", "status": "completed", "role": "user"}
    names = ("created",) if dialect.is_beta else ("added", "done")
    for name in names:
        yield event(f"conversation.item.{name}", previous_item_id=previous, item={**facts, "content": content})


def delta(item_id: str, text: str) -> Event:
    return event(f"{TRANSCRIPTION}.delta", item_id=item_id, content_index=0, delta=text)


def completed(item_id: str, transcript: str, seconds: float, **more: Any) -> Event:
    usage = {"type": "duration", "seconds": round(seconds, 3)}
    return event(
        f"{TRANSCRIPTION}.completed", item_id=item_id, content_index=0, transcript=transcript, usage=usage, **more
    )


def failed(item_id: str, code: str, message: str) -> Event:
    error = {"type": "transcription_error", "code": code, "message": message, "param": None}
    return event(f"{TRANSCRIPTION}.failed", item_id=item_id, content_index=0, error=error)


def logprobs(words: Iterable[Word]) -> list[dict[str, Any]]:
    """Return the words with the logarithm of their confidence."""
    return [
        {
            "token": word.text,
            "logprob": round(math.log(max(word.confidence, 1e-9)), 6),
            "bytes": list(word.text.encode()),
        }
        for word in words
    ]
