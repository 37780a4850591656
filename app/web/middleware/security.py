"""Security headers and request checks, so that other sites cannot use this server through a person's browser.

Programs that are not browsers (no Origin, no Sec-Fetch-Site) are not restricted here.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request

from app.domain.addresses import is_loopback
from app.domain.errors.base import AppError
from app.domain.errors.requests import CrossSiteRequest, HostNotAllowed, RequestTooLarge
from app.web.errors import error_response
from app.web.openai.realtime.handshake import secret_of
from app.web.openai.realtime.session_config import REALTIME_PATH
from app.web.request import (
    LARGEST_FORM_BYTES,
    ON_FUNASR_PORT,
    asked_host,
    forwarded_port,
    is_from_proxy,
    own_path,
)
from app.web.services import services_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
PRIVATE_ENDINGS = (".local", ".lan", ".internal", ".home.arpa")  # RFC 6762, RFC 8375 and ICANN's reservation
FORM_TYPES = ("application/json", "application/x-www-form-urlencoded")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_PORTS = {"http": 80, "https": 443}

CONTENT_SECURITY_POLICY = (
    "default-src 'self'",
    "img-src 'self' data:",  # icons inside style sheets
    "media-src 'self' blob:",  # a recording from the microphone before it is sent
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
SECURITY_HEADERS = {
    "content-security-policy": "; ".join(CONTENT_SECURITY_POLICY),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",  # what anybody said is in no cache of a browser or a proxy
    "permissions-policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=(), display-capture=(self)",
}


@dataclass(frozen=True, slots=True)
class HostNames:
    """The host names the server accepts.

    A hostile site can point its own name at this server and read it through a person's browser (DNS rebinding).
    IP addresses, and names outside the public DNS, cannot be abused this way.
    """

    names: frozenset[str]
    is_open: bool
    """Whether the server is reachable from other machines."""

    def has(self, name: str) -> bool:
        """Return whether `name` (in lower case, IPv6 in brackets) is one of them."""
        return name in self.names or (self.is_open and _is_of_no_site(name))


def allowed_hosts(host: str, further: str) -> HostNames:
    """Return the accepted names of a server listening on `host`; `further` are configured ones, comma-separated."""
    names = {place.name for place in allowed_origins(further)} | {f"[{host}]" if ":" in host else host}
    own = set() if is_loopback(host) else {socket.gethostname().lower(), socket.getfqdn().lower()}
    return HostNames(LOOPBACK_NAMES | names | own, not is_loopback(host))


def _is_of_no_site(name: str) -> bool:
    if "." not in name or name.endswith(PRIVATE_ENDINGS):
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def allowed_origins(further: str) -> frozenset[Place]:
    """Return the origins that may make changes although a proxy uses another host name.

    A name without a port matches all ports, as in the Host check.
    """
    return frozenset(_place(name.partition("://")[2] or name) for name in further.split(",") if name.strip())


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a port, as in Host headers and origins."""

    name: str
    """Lower case; IPv6 in brackets."""
    port: int | None
    """None means the scheme's default."""


class Gate:
    """ASGI middleware: refuses foreign host names, cross-site changes and sockets, and floods."""

    def __init__(self, app: ASGIApp, hosts: HostNames, origins: frozenset[Place]) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal:
            asked = Request(scope) if scope["type"] == "http" else HTTPConnection(scope)
            await error_response(asked, refusal)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> AppError | None:
        headers = Headers(scope=scope)
        host = _place(asked_host(scope)).name
        if host and not self._hosts.has(host) and not is_from_proxy(scope):
            return HostNotAllowed(host=host[:100])
        is_socket = scope["type"] == "websocket"
        is_cross_site = self._is_foreign_socket(scope) if is_socket else self._is_cross_site(scope)
        if scope.get("method") not in SAFE_METHODS and is_cross_site:
            return CrossSiteRequest(origin=headers.get("origin", "null")[:100])
        if _is_large_form(headers):
            return RequestTooLarge(limit_kb=LARGEST_FORM_BYTES // 1024)
        return None

    def _is_cross_site(self, scope: Scope) -> bool:
        """Return whether a browser sends this from another origin; Sec-Fetch-Site is preferred if present."""
        fetch_site = Headers(scope=scope).get("sec-fetch-site")
        if fetch_site is not None:
            return fetch_site not in {"same-origin", "none"}
        return self._is_foreign(scope)

    def _is_foreign_socket(self, scope: Scope) -> bool:
        """Return whether a page of another origin opens a socket without a key that was given to it."""
        return self._is_foreign(scope) and not _has_client_secret(scope)

    def _is_foreign(self, scope: Scope) -> bool:
        """Return whether the Origin header is foreign; browsers send it with every change and every socket."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None:
            return False
        scheme, _, rest = origin.lower().partition("://")
        default = DEFAULT_PORTS.get(scheme)
        page = _place(rest)
        if default is None or not page.name:  # "null", or not a web page
            return True
        asked = _place(headers.get("host", ""))
        # A proxy reached through another port reports its own: the scheme's default stays allowed.
        ports = {asked.port} if asked.port else {default, forwarded_port(scope)}
        # FunASR's pages come from another port of the same machine by design.
        if page.name == asked.name and (scope.get(ON_FUNASR_PORT) or (page.port or default) in ports):
            return False
        return not {Place(page.name, None), Place(page.name, page.port or default)} & self._origins


class SecurityHeaders:
    """ASGI middleware: adds SECURITY_HEADERS that the response does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _has_client_secret(scope: Scope) -> bool:
    """Return whether a valid key comes along: pages of other origins get none by themselves."""
    connection = HTTPConnection(scope)
    key = secret_of(connection) if own_path(scope) == REALTIME_PATH else ""
    return bool(key) and services_of(connection).client_secrets.find(key) is not None


def _place(text: str) -> Place:
    """Parse a Host header, or an origin after its scheme (`[::1]:7860`); anything else gets an impossible name."""
    name, colon, port = text.strip().lower().rpartition(":")
    if colon and port.isascii() and port.isdecimal():
        return Place(name, int(port))
    return Place(text.strip().lower(), None)


def _is_large_form(headers: Headers) -> bool:
    """Return whether this is a large body of a kind that the framework reads into memory."""
    length = headers.get("content-length", "0")
    is_form = headers.get("content-type", "").startswith(FORM_TYPES)
    return is_form and (not length.isdecimal() or int(length) > LARGEST_FORM_BYTES)
