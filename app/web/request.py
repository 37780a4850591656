"""What a route may know of the request itself: its path inside the program, its addresses, its language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from app.i18n import pick_language

if TYPE_CHECKING:
    from collections.abc import Mapping

API_PREFIX = "/api/"
LARGEST_FORM_BYTES = 64 * 1024  # of bodies that carry no file: they are read into memory


ASKED_HOST = "asked_host"
"""Key of the scope: the Host header as it arrived, before a proxy's X-Forwarded-Host took its place."""


FROM_PROXY = "from_proxy"
"""Key of the scope: a trusted proxy on another machine asks. It chose the name, and a browser cannot be it."""


FORWARDED_PORT = "forwarded_port"
"""Key of the scope: the port at which the browser reached the proxy. It counts where the host has none."""


def root_path(scope: Mapping[str, Any]) -> str:
    """Return the path that the program is served under (`/asr`); empty at the root of a host."""
    return str(scope.get("app_root_path", scope.get("root_path", "")))  # mounted folders have root paths of their own


def own_path(scope: Mapping[str, Any]) -> str:
    """Return the path that is asked for inside the program."""
    return str(scope["path"]).removeprefix(root_path(scope))


def address_of(scope: Mapping[str, Any], path: str) -> str:
    """Return the address under which the browser finds a path of the program."""
    return root_path(scope) + path


def asked_host(scope: Mapping[str, Any]) -> str:
    """Return the Host header as it arrived at this server."""
    host: str | None = scope.get(ASKED_HOST)
    return Headers(raw=scope["headers"]).get("host", "") if host is None else host


def is_from_proxy(scope: Mapping[str, Any]) -> bool:
    return bool(scope.get(FROM_PROXY))


def forwarded_port(scope: Mapping[str, Any]) -> int | None:
    """Return the port that a trusted proxy told; it counts where the host that it sent has none (nginx's `$host`)."""
    port: int | None = scope.get(FORWARDED_PORT)
    return port


def language_of(connection: HTTPConnection) -> str:
    """Return the language that the person chose, or that their browser asks for."""
    return pick_language(connection.cookies.get("language"), connection.headers.get("accept-language"))
