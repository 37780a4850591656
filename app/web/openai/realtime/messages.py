"""What realtime clients send, validated on arrival."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from app.web.openai.realtime.problems import INVALID_VALUE, MISSING_PARAMETER, RealtimeError, refused

MOST_SOUND_BYTES = 15 * 2**20  # of one append, as at OpenAI
LONGEST_EVENT = MOST_SOUND_BYTES * 4 // 3 + 64 * 1024  # characters: the sound in base64, and what is around it
LONGEST_EVENT_ID = 512


class _ClientEvent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    event_id: str | None = Field(default=None, max_length=LONGEST_EVENT_ID)


class SessionUpdate(_ClientEvent):
    type: Literal["session.update"]
    session: dict[str, Any]


class TranscriptionSessionUpdate(_ClientEvent):
    """The beta dialect's."""

    type: Literal["transcription_session.update"]
    session: dict[str, Any]


class Append(_ClientEvent):
    type: Literal["input_audio_buffer.append"]
    audio: str

    @property
    def sound(self) -> bytes:
        """Return the decoded bytes.

        Raises:
            RealtimeError: it is no base64, or too much.
        """
        try:
            sound = base64.b64decode(self.audio, validate=True)
        except ValueError:  # not in its alphabet, or not even ASCII
            raise RealtimeError(INVALID_VALUE, "Invalid value for 'audio': it is no base64.", "audio") from None
        if len(sound) > MOST_SOUND_BYTES:
            raise RealtimeError("audio_too_large", f"One event may have {MOST_SOUND_BYTES} bytes of audio.", "audio")
        return sound


class Commit(_ClientEvent):
    type: Literal["input_audio_buffer.commit"]


class Clear(_ClientEvent):
    type: Literal["input_audio_buffer.clear"]


ClientEvent: TypeAlias = SessionUpdate | TranscriptionSessionUpdate | Append | Commit | Clear
_events: TypeAdapter[ClientEvent] = TypeAdapter(Annotated[ClientEvent, Field(discriminator="type")])
TYPES = (
    "session.update",
    "transcription_session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
)


def parse(text: str) -> ClientEvent:
    """Read a text frame.

    Raises:
        RealtimeError: it is no event of the protocol.
    """
    if len(text) > LONGEST_EVENT:
        raise RealtimeError("event_too_large", f"An event may have {LONGEST_EVENT} characters.")
    said = read_object(text)
    given = said.get("event_id")
    event_id = given[:LONGEST_EVENT_ID] if isinstance(given, str) else None
    try:
        _check_type(said)
        return _events.validate_python(said)
    except ValidationError as error:
        raise refused(error).caused_by(event_id) from None
    except RealtimeError as error:
        raise error.caused_by(event_id) from None


def read_object(text: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RealtimeError
    """
    try:
        said = from_json(text, allow_inf_nan=False)  # unlike json, it takes no halves of characters
    except ValueError:
        raise RealtimeError("invalid_json", "The message is not well-formed JSON.") from None
    if not isinstance(said, dict):
        raise RealtimeError("invalid_json", "The message is not a JSON object.")
    return said


def _check_type(said: dict[str, Any]) -> None:
    if "type" not in said:
        raise RealtimeError(MISSING_PARAMETER, "Missing required parameter: 'type'.", "type")
    if said["type"] not in TYPES:
        message = f"Invalid value for 'type': transcription sessions take {', '.join(TYPES)}."
        raise RealtimeError(INVALID_VALUE, message, "type")
