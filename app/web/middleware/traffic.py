"""Bounds what one person, or one address without a login, asks for: requests in a minute, and uploads at once.

Nothing is bounded where nobody logs in: whoever works at the machine is alone with it.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request

from app.domain.errors.people import TooManyRequests, TooManyUploads
from app.domain.people import SYSTEM, current_actor
from app.web.errors import refused
from app.web.request import own_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.domain.errors.base import AppError

FREE = ("/static/", "/health", "/ready", "/api/v1/health", "/api/v1/ready")
UPLOADS = ("multipart/", "application/offset+octet-stream", "application/octet-stream")
MOST_KNOWN = 10_000  # people and addresses that are remembered


class Traffic:
    """ASGI middleware: refuses with 429 what goes beyond the limits; 0 is no limit."""

    def __init__(
        self, app: ASGIApp, per_minute: int, uploads_at_once: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._per_minute = per_minute
        self._uploads_at_once = uploads_at_once
        self._clock = clock
        self._room: OrderedDict[str, tuple[float, float]] = OrderedDict()  # requests that are free, and when
        self._uploads: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        actor = current_actor()
        if scope["type"] == "lifespan" or actor is SYSTEM or own_path(scope).startswith(FREE):
            await self._app(scope, receive, send)
            return
        who = actor.person or actor.address
        is_upload = _is_upload(scope)
        refusal = self._refusal(who, is_upload=is_upload)
        if refusal:
            asked = Request(scope) if scope["type"] == "http" else HTTPConnection(scope)
            await refused(asked, refusal)(scope, receive, send)
            return
        self._uploads[who] += is_upload
        try:
            await self._app(scope, receive, send)
        finally:
            self._uploads[who] -= is_upload
            if not self._uploads[who]:
                del self._uploads[who]

    def _refusal(self, who: str, *, is_upload: bool) -> AppError | None:
        if is_upload and self._uploads_at_once and self._uploads[who] >= self._uploads_at_once:
            return TooManyUploads(most=self._uploads_at_once, seconds=5)
        seconds = self._seconds_to_wait(who) if self._per_minute else 0
        return TooManyRequests(most=self._per_minute, seconds=seconds) if seconds else None

    def _seconds_to_wait(self, who: str) -> int:
        """Take one of the requests that are free, which grow by the minute's number; return when one is, if none is."""
        now, rate = self._clock(), self._per_minute / 60
        room, since = self._room.pop(who, (float(self._per_minute), now))
        room = min(float(self._per_minute), room + (now - since) * rate)
        is_free = room >= 1
        self._room[who] = room - is_free, now
        while len(self._room) > MOST_KNOWN:
            self._room.popitem(last=False)
        return 0 if is_free else ceil((1 - room) / rate)


def _is_upload(scope: Scope) -> bool:
    is_sent = scope["type"] == "http" and scope["method"] in ("POST", "PATCH", "PUT")
    return is_sent and Headers(scope=scope).get("content-type", "").startswith(UPLOADS)
