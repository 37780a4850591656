"""The address under which the browser sees the program: the only place that reads reverse proxy headers.

A proxy may serve the program under a path (`https://host/asr/`), and either strip that path or pass it on; both
work. The path is FUNASR_ROOT_PATH, else X-Forwarded-Prefix; that header, like X-Forwarded-Host, X-Forwarded-Port,
X-Forwarded-Proto and X-Forwarded-For, is trusted from FUNASR_TRUSTED_PROXIES only.
docs/reverse-proxy.md has configurations for nginx and Caddy.

Behind this middleware the scope follows ASGI: `path` begins with `root_path`. To compare paths use `own_path`, to
write an address use `address_of`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from starlette.datastructures import URL, Headers, MutableHeaders

from app.domain.addresses import Networks, checked_root_path, is_host, is_loopback, is_port, is_within
from app.logging import event
from app.web.request import ASKED_HOST, FORWARDED_FOR, FORWARDED_PORT, FROM_PROXY, LOGGED_IN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

ROOTS_TOO = frozenset({"asr"})
"""First path segments of routes that are root paths as well: what is posted exactly there is for the route."""
SOCKET_SCHEMES = {"http": "ws", "https": "wss"}


def first_segments(paths: Iterable[str]) -> frozenset[str]:
    """Return the first path segments of the routes."""
    return frozenset(path.split("/")[1] for path in paths) - {""}


def is_taken(root_path: str, own_names: frozenset[str]) -> bool:
    """Return whether a root path begins like a route, so that a stripped path could not be recognised."""
    return bool(root_path) and root_path.split("/")[1] in own_names


class BehindProxy:
    """ASGI middleware: puts root path, scheme and host into the scope as the browser sees them."""

    def __init__(
        self,
        app: ASGIApp,
        root_path: str,
        trusted: Networks,
        own_names: frozenset[str],
        login_headers: tuple[str, str] = ("", ""),
    ) -> None:
        """`root_path` and `trusted` are configured; `own_names` are the first segments of the program's routes.

        `login_headers` are those of the name and of the groups of whom the proxy has logged in.
        """
        self._app = app
        self._login_headers = login_headers
        self._root_path = root_path
        self._trusted = trusted
        self._own_names = own_names
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope = self._as_seen_by_the_browser(scope)
        await self._app(scope, receive, _without_origin(scope, send))

    def _as_seen_by_the_browser(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        is_trusted = scope.get("client") is not None and is_within(scope["client"][0], self._trusted)
        root = self._root_path or (self._forwarded_prefix(headers) if is_trusted else "")
        seen = {**scope, "root_path": root, "path": root + _stripped(scope, root)}
        seen[FROM_PROXY] = is_trusted and not is_loopback(scope["client"][0])
        if not is_trusted:
            self._tell_of_foreign_login(headers)
            return seen
        return seen | self._forwarded_origin(scope, headers) | self._logged_in(headers)

    def _forwarded_prefix(self, headers: Headers) -> str:
        sent = ",".join(headers.getlist("x-forwarded-prefix")).strip()
        try:
            path = checked_root_path(sent)
        except ValueError:
            return self._ignored("x-forwarded-prefix")
        return self._ignored("x-forwarded-prefix") if is_taken(path, self._own_names) else path

    def _forwarded_origin(self, scope: Scope, headers: Headers) -> dict[str, Any]:
        """Return the scope changes due to X-Forwarded-Proto, -Host, -For and -Port."""
        changes: dict[str, Any] = {}
        if scheme := _nearest(headers, "x-forwarded-proto").lower():
            if scheme in SOCKET_SCHEMES:
                changes["scheme"] = SOCKET_SCHEMES[scheme] if scope["type"] == "websocket" else scheme
            else:
                self._ignored("x-forwarded-proto")
        if host := _nearest(headers, "x-forwarded-host"):
            if is_host(host):
                others = [pair for pair in scope["headers"] if pair[0] != b"host"]
                changes["headers"] = [(b"host", host.encode("ascii")), *others]
                changes[ASKED_HOST] = headers.get("host", "")
            else:
                self._ignored("x-forwarded-host")
        if address := _nearest(headers, "x-forwarded-for"):
            changes[FORWARDED_FOR] = address
        if port := _nearest(headers, "x-forwarded-port"):
            if is_port(port):
                changes[FORWARDED_PORT] = int(port)
            else:
                self._ignored("x-forwarded-port")
        return changes

    def _logged_in(self, headers: Headers) -> dict[str, Any]:
        """Return the scope change due to the header of a login; several of them, or a strange one, are none."""
        header, groups_header = self._login_headers
        named = headers.getlist(header) if header else []
        name = " ".join(_as_text(named[0]).split()) if len(named) == 1 else ""
        if not name or not name.isprintable():
            if any(named):
                self._ignored(header.lower())
            return {}
        groups = ",".join(headers.getlist(groups_header)) if groups_header and groups_header in headers else None
        listed = None if groups is None else tuple(filter(None, (each.strip() for each in _as_text(groups).split(","))))
        return {LOGGED_IN: (name, listed)}

    def _tell_of_foreign_login(self, headers: Headers) -> None:
        """Log that somebody else than a trusted proxy says who is logged in, which is not believed."""
        header = self._login_headers[0]
        if header and header in headers:
            self._ignored(header.lower())

    def _ignored(self, name: str) -> str:
        """Log once per header that its value is unusable; the untrusted value is not logged."""
        if name not in self._told:
            self._told.add(name)
            event(log, logging.WARNING, "forwarded_header_ignored", header=name)
        return ""


def _nearest(headers: Headers, name: str) -> str:
    """Return the value set by the nearest proxy; earlier values are untrusted."""
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()


def _as_text(value: str) -> str:
    """Return a header that most proxies send as UTF-8; HTTP itself takes it for Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _stripped(scope: Scope, root: str) -> str:
    """Return the path without the root path, which a proxy may have passed on or not."""
    path: str = scope["path"]
    is_below = bool(root) and f"{path}/".startswith(f"{root}/")
    is_route = path == root and path[1:] in ROOTS_TOO and scope.get("method") == "POST"
    return path[len(root) :] if is_below and not is_route else path


def _without_origin(scope: Scope, send: Send) -> Send:
    """Return a `send` that reduces redirects to this host to their path: the proxy knows scheme and host better."""

    async def send_shortened(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] // 100 == 3:
            headers = MutableHeaders(raw=message["headers"])
            origin = str(URL(scope={**scope, "path": "/", "query_string": b""})).removesuffix("/")
            path = headers.get("location", "").removeprefix(origin)
            if path.startswith("/") and not path.startswith(("//", "/\\")):  # those would name another host
                headers["location"] = path
        await send(message)

    return send_shortened
