"""Pages, style sheets and scripts travel compressed: a page in Chinese is a quarter as large then.

Answers of the API stay as they are: recordings do not shrink, parts of them are asked for by their place, and
streams of events must not wait for more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.gzip import GZipMiddleware

from app.web.request import API_PREFIX, own_path
from app.web.static_files import LEVEL, SMALLEST_BYTES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class CompressedPages:
    """ASGI middleware: gzip for whoever accepts it, outside of the API."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressing = GZipMiddleware(app, SMALLEST_BYTES, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not own_path(scope).startswith(API_PREFIX)
        await (self._compressing if is_page else self._plain)(scope, receive, send)
