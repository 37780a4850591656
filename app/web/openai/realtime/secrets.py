"""Keys for browsers: a server configures a session, and its pages open it without knowing more."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.services.live import SessionKey
from app.web.openai.realtime.events import Dialect, SessionState
from app.web.openai.realtime.messages import read_object
from app.web.openai.realtime.problems import RealtimeError, refused
from app.web.openai.realtime.recognition import ignored, options_for
from app.web.openai.realtime.session_config import SessionConfig, SessionPatch, parse_beta_patch, parse_patch
from app.web.services import Services, services_of

router = APIRouter(include_in_schema=False)

USUAL_SECONDS = 600
MOST_BODY_BYTES = 256 * 1024


class _ExpiresAfter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7200)] = USUAL_SECONDS


class _Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expires_after: _ExpiresAfter = _ExpiresAfter()
    session: dict[str, Any] = Field(default_factory=dict)


@router.post("/v1/realtime/client_secrets")
async def create_client_secret(request: Request) -> JSONResponse:
    """Return a key that opens a session as it is configured here."""
    return await _answered(request, _client_secret)


@router.post("/v1/realtime/transcription_sessions")
async def create_transcription_session(request: Request) -> JSONResponse:
    """Return the same in the beta dialect."""
    return await _answered(request, _transcription_session)


async def _answered(request: Request, create: Callable[[Services, dict[str, Any]], dict[str, Any]]) -> JSONResponse:
    try:
        return JSONResponse(create(services_of(request), await _body(request)))
    except RealtimeError as error:
        told = {name: value for name, value in error.told().items() if name != "event_id"}
        return JSONResponse({"error": told}, HTTPStatus.BAD_REQUEST)


async def _body(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY_BYTES:
            raise RealtimeError("request_too_large", f"A request may have {MOST_BODY_BYTES} bytes.")
    return read_object(body.decode("utf-8", errors="replace")) if body.strip() else {}


def _client_secret(services: Services, given: dict[str, Any]) -> dict[str, Any]:
    try:
        wanted = _Wanted.model_validate(given)
    except ValidationError as error:
        raise refused(error) from None
    parse_patch(wanted.session)
    seconds = wanted.expires_after.seconds
    key = services.client_secrets.create(wanted.session, seconds)
    session = _session(services, parse_patch(wanted.session), Dialect.GA, key.expires_at)
    return {"value": key.value, "expires_at": key.expires_at, "session": session}


def _transcription_session(services: Services, given: dict[str, Any]) -> dict[str, Any]:
    patch = parse_beta_patch(given)
    key = services.client_secrets.create(patch.model_dump(exclude_unset=True), USUAL_SECONDS)
    session = _session(services, patch, Dialect.BETA, key.expires_at)
    return {**session, "client_secret": {"value": key.value, "expires_at": key.expires_at}}


def _session(services: Services, patch: SessionPatch, dialect: Dialect, expires_at: int) -> dict[str, Any]:
    config = SessionConfig().updated(patch)
    options = options_for(config, services.default_options)
    extension = {"ignored": ignored(config)}
    return SessionState(f"sess_{SessionKey().id}", expires_at, config, options.vad, extension).answer(dialect)
