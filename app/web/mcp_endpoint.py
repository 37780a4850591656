"""`/mcp`: the Model Context Protocol over HTTP. Started by its first request, for its library takes half a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.mcp.tools import Toolbox
    from app.web.services import Services

PATH = "/mcp"
READABLE = "transcribe_file reads files below the import folder of the server (FUNASR_IMPORT_ROOT)."


class McpEndpoint:
    """The MCP server of one running application; it has no sessions, so a restart disturbs no client.

    Host and origin are checked by the middleware of the application.
    """

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services
        self._starting = asyncio.Lock()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await self._started()
        await app(scope, receive, send)

    async def close(self) -> None:
        """End what is being answered."""
        self._closing.set()
        if self._task:
            with suppress(Exception):  # it was told to the request that started it
                await self._task

    async def _started(self) -> ASGIApp:
        async with self._starting:
            if self._app is None:
                ready: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()
                # A task of its own: the library's task group must be left by the task that entered it.
                self._task = asyncio.create_task(self._serve(ready))
                self._app = await ready
        return self._app

    async def _serve(self, ready: asyncio.Future[ASGIApp]) -> None:
        try:
            server = await run_in_threadpool(_build, self._services)
            async with server.session_manager.run():
                ready.set_result(server.session_manager.asgi_app)
                await self._closing.wait()
        except Exception as error:
            if not ready.done():
                ready.set_exception(error)
            raise


class _Dispatcher:
    """An object, since Starlette takes a function for one that is called with a request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["state"]["mcp"](scope, receive, send)


route = Route(PATH, endpoint=_Dispatcher(), methods=None, include_in_schema=False)


def _build(services: Callable[[], Services]) -> MCPServer:
    from mcp.server.transport_security import TransportSecuritySettings

    from app.mcp.server import build_server

    server = build_server(lambda: _toolbox(services().current()), READABLE)
    open_to_gate = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server.streamable_http_app(streamable_http_path=PATH, stateless_http=True, transport_security=open_to_gate)
    return server


def _toolbox(services: Services) -> Toolbox:
    from app.mcp.recordings import opener_below
    from app.mcp.tools import Toolbox

    settings = services.settings
    return Toolbox(
        services.queue, services.default_options, settings.max_upload_bytes, opener_below(lambda: settings.import_root)
    )
