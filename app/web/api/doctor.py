"""REST, socket and page of the doctor: what the server sees of itself, and what a browser needs to try the way to it.

The trials keep nothing. They exist because proxies cut uploads, hold back event streams and drop upgrades to sockets.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import Query, Request, WebSocket, WebSocketDisconnect
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.domain.errors.uploads import UploadTooLarge
from app.web.dependencies import ServicesDep, SettingsDep, TranslateDep
from app.web.openapi import content, errors
from app.web.pools import reads_slowly
from app.web.routers import ApiRouter
from app.web.schemas.doctor import CheckAnswer, ClockAnswer, DoctorAnswer, ReceivedAnswer
from app.web.sse import stream

router = ApiRouter(prefix="/doctor", tags=["doctor"])

TRIAL_UPLOAD_MB = 32  # of the browser's own accord; a person may ask for the whole allowed size
TICKS = 4
TICK_SECONDS = 0.25
LONGEST_ECHO = 4096  # characters


@router.get("/checks", responses=errors())
@reads_slowly
def get_checks(
    services: ServicesDep,
    translate: TranslateDep,
    quick: Annotated[bool, Query(description="Only what takes no time: no model is loaded.")] = False,
) -> DoctorAnswer:
    """Examine the installation: packages, folders, database, device, model, and one real recognition. Takes seconds."""
    doctor = services.doctor
    found = doctor.glance() if quick else doctor.examine()
    services.health.refresh()  # what was mended meanwhile is not complained of any longer
    return DoctorAnswer(
        checks=[CheckAnswer.model_validate(check.explained(translate)) for check in found.checks],
        seconds=round(found.seconds, 1),
    )


@router.get("/clock", responses=errors())
def get_clock() -> ClockAnswer:
    """See the server's clock."""
    return ClockAnswer(now_ms=int(time.time() * 1000))


@router.post("/upload", responses=errors(UploadTooLarge, changes=True))
async def try_upload(request: Request, settings: SettingsDep) -> ReceivedAnswer:
    """Send anything up to the largest upload, to see whether it arrives. Nothing is kept."""
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > settings.max_upload_bytes:
            raise UploadTooLarge(limit_mb=settings.max_upload_mb)
    return ReceivedAnswer(size_bytes=received)


@router.get(
    "/ticks",
    response_class=EventSourceResponse,
    responses=content(
        200, f"{TICKS} events, {TICK_SECONDS} s apart.", {"text/event-stream": "event: tick\ndata: 0\n\n"}
    )
    | errors(),
)
async def get_ticks() -> EventSourceResponse:
    """Receive some events with pauses between, to see whether something on the way holds them back."""
    return stream(_ticks(), anyio.Event())


async def _ticks() -> AsyncIterator[ServerSentEvent]:
    for number in range(TICKS):
        yield ServerSentEvent(event="tick", data=str(number))
        await anyio.sleep(TICK_SECONDS)


@router.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Say back what is said, to see whether sockets get through."""
    await socket.accept()
    try:
        while True:
            await socket.send_text((await socket.receive_text())[:LONGEST_ECHO])
    except WebSocketDisconnect:
        return
