"""Mistakes of a realtime client, as OpenAI's `error` event names them. The session goes on after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

INVALID_REQUEST = "invalid_request_error"
SERVER_ERROR = "server_error"

UNKNOWN_PARAMETER = "unknown_parameter"
INVALID_VALUE = "invalid_value"
MISSING_PARAMETER = "missing_required_parameter"
_ALTERNATIVES = {"server_vad", "semantic_vad"}
_CODES = {"extra_forbidden": UNKNOWN_PARAMETER, "missing": MISSING_PARAMETER}


class RealtimeError(Exception):
    """What a client did wrong, and where."""

    def __init__(self, code: str, message: str, param: str | None = None, kind: str = INVALID_REQUEST) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.kind = kind
        self.event_id: str | None = None

    def caused_by(self, event_id: str | None) -> RealtimeError:
        """Return this error with the id that the client gave its event."""
        self.event_id = event_id
        return self

    def told(self) -> dict[str, Any]:
        """Return the `error` member of the event."""
        return {
            "type": self.kind,
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "event_id": self.event_id,
        }


def refused(error: ValidationError, within: str = "") -> RealtimeError:
    """Return the first thing that does not fit; `within` is the parameter that was validated."""
    first = error.errors()[0]
    place = ".".join(filter(None, (within, *_path(first))))
    code = _CODES.get(first["type"], INVALID_VALUE)
    return RealtimeError(code, _message(code, place, first), place or None)


def _path(detail: ErrorDetails) -> list[str]:
    """Return where the mistake is, without the alternatives of unions that pydantic mixes in."""
    parts = [str(part) for part in detail["loc"]]
    return [part for part in parts if part not in _ALTERNATIVES and "." not in part and "[" not in part]


def _message(code: str, place: str, detail: ErrorDetails) -> str:
    if code == UNKNOWN_PARAMETER:
        return f"Unknown parameter: '{place}'."
    if code == MISSING_PARAMETER:
        return f"Missing required parameter: '{place}'."
    return f"Invalid value for '{place}': {detail['msg']}." if place else f"{detail['msg']}."
