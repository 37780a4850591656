"""What a realtime client says by opening its connection: its dialect, its key, and which session it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.services.live.client_secrets import PREFIX
from app.web.openai.realtime.events import Dialect
from app.web.openai.realtime.session_config import AudioTranscription, SessionConfig

if TYPE_CHECKING:
    from fastapi import WebSocket
    from starlette.requests import HTTPConnection

SUBPROTOCOL = "realtime"
KEY_PROTOCOL = "openai-insecure-api-key."
BETA_PROTOCOL = "openai-beta.realtime-v1"
LONGEST_NAME = 1000


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the address, the headers and the subprotocols of a connection say."""

    subprotocol: str | None
    """The one to answer with: browsers close a connection that answers none of theirs."""
    dialect: Dialect
    secret: str
    """A key of `POST /v1/realtime/client_secrets`; empty for any other."""
    session: str
    token: str
    after: int
    """Number of segments that a client which resumes has heard of."""
    name: str
    config: SessionConfig

    @classmethod
    def of(cls, socket: WebSocket) -> Handshake:
        query, offered = socket.query_params, socket.scope.get("subprotocols") or []
        after = query.get("after", "0")
        return cls(
            subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else next(iter(offered), None),
            dialect=_dialect(socket, offered),
            secret=secret_of(socket),
            session=query.get("session", "").removeprefix("sess_"),
            token=query.get("token", ""),
            after=int(after) if after.isdecimal() and len(after) < 10 else 0,
            name=query.get("name", "")[:LONGEST_NAME],
            config=SessionConfig(transcription=_transcription(socket)),
        )


def _dialect(socket: WebSocket, offered: list[str]) -> Dialect:
    if BETA_PROTOCOL not in offered and "realtime=v1" not in socket.headers.get("openai-beta", ""):
        return Dialect.GA
    return Dialect.BETA if socket.query_params.get("intent") == "transcription" else Dialect.BETA_CONVERSATION


def secret_of(socket: HTTPConnection) -> str:
    """Return the client secret that a connection names, wherever a client may put it; empty without one."""
    offered: list[str] = socket.scope.get("subprotocols") or []
    keys = [protocol.removeprefix(KEY_PROTOCOL) for protocol in offered if protocol.startswith(KEY_PROTOCOL)]
    keys += [socket.headers.get("authorization", "").removeprefix("Bearer ").strip()]
    keys += [socket.headers.get("api-key", ""), socket.query_params.get("api_key", "")]
    return next((key for key in keys if key.startswith(PREFIX)), "")


def _transcription(socket: WebSocket) -> AudioTranscription:
    """Return what speaches' clients write into the address; OpenAI itself takes nothing there."""
    query = socket.query_params
    model = query.get("transcription_model") or query.get("model")
    given = {"model": model, "language": query.get("language")}
    return AudioTranscription.model_construct(
        _fields_set={name for name, value in given.items() if value},
        **{name: value for name, value in given.items() if value},
    )
