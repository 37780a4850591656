"""Compresses pages, style sheets and scripts: a Chinese page shrinks to a quarter.

API responses are not compressed: recordings do not shrink and are requested by byte range, and what is sent bit by bit
must not be buffered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.gzip import GZipMiddleware

from app.web.request import is_api, own_path
from app.web.static_files import LEVEL, SMALLEST_BYTES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class CompressedPages:
    """ASGI middleware: gzip for clients that accept it, except for the API."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressing = GZipMiddleware(app, SMALLEST_BYTES, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not is_api(own_path(scope))
        await (self._compressing if is_page else self._plain)(scope, receive, send)
