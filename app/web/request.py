"""Properties of a request: its path inside the program, its addresses, its language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from app.i18n import pick_language

if TYPE_CHECKING:
    from collections.abc import Mapping

API_PREFIX = "/api/"
OPENAI_PREFIXES = ("/v1/", "/openai/")
ASR_PREFIXES = ("/asr/", "/detect-language/")
LARGEST_FORM_BYTES = 64 * 1024  # bodies without a file are read into memory


ASKED_HOST = "asked_host"
"""Key of the scope: the original Host header, before X-Forwarded-Host replaced it."""


FOR_PROGRAMS = frozenset({"/metrics", "/mcp"})
LOGGED_IN = "logged_in"
"""Key of the scope: name and groups of the person whom a trusted proxy has logged in."""


FROM_PROXY = "from_proxy"
"""Key of the scope: the request is from a trusted proxy on another machine, which chose the host name."""


FUNASR_PATH = "/ws/funasr"
"""Where FunASR's websocket is; its clients often name another path."""


ON_FUNASR_PORT = "on_funasr_port"
"""Key of the scope: the connection came over the port of `serve --funasr-port`."""


FORWARDED_PORT = "forwarded_port"
FORWARDED_FOR = "forwarded_for"
"""Key of the scope: the port at which the browser reached the proxy. Used if the host has none."""


def root_path(scope: Mapping[str, Any]) -> str:
    """Return the path under which the program is served (`/asr`); empty at the root of a host."""
    return str(scope.get("app_root_path", scope.get("root_path", "")))  # mounted folders have root paths of their own


def own_path(scope: Mapping[str, Any]) -> str:
    """Return the requested path inside the program."""
    return str(scope["path"]).removeprefix(root_path(scope))


def is_openai(path: str) -> bool:
    """Return whether a path of the program belongs to OpenAI's API."""
    return f"{path}/".startswith(OPENAI_PREFIXES)


def is_asr(path: str) -> bool:
    """Return whether a path of the program belongs to the API of whisper-asr-webservice."""
    return f"{path}/".startswith(ASR_PREFIXES)


def is_api(path: str) -> bool:
    """Return whether programs, not people, ask at a path."""
    return path.startswith(API_PREFIX) or path in FOR_PROGRAMS or is_openai(path) or is_asr(path)


def address_of(scope: Mapping[str, Any], path: str) -> str:
    """Return the address under which the browser finds a path of the program."""
    return root_path(scope) + path


def asked_host(scope: Mapping[str, Any]) -> str:
    """Return the Host header as it arrived at this server."""
    host: str | None = scope.get(ASKED_HOST)
    return Headers(raw=scope["headers"]).get("host", "") if host is None else host


def is_from_proxy(scope: Mapping[str, Any]) -> bool:
    return bool(scope.get(FROM_PROXY))


def client_address(scope: Mapping[str, Any]) -> str:
    """Return the address of the client as a trusted proxy sent it, else of the connection; empty if unknown."""
    forwarded: str | None = scope.get(FORWARDED_FOR)
    return forwarded or (scope["client"][0] if scope.get("client") else "")


def forwarded_port(scope: Mapping[str, Any]) -> int | None:
    """Return the port sent by a trusted proxy; used if the host it sent has none (nginx's `$host`)."""
    port: int | None = scope.get(FORWARDED_PORT)
    return port


def language_of(connection: HTTPConnection) -> str:
    """Return the language chosen by the user, or the one preferred by the browser.

    Programs with the APIs of other products get English, as there, unless they name a language.
    """
    path = own_path(connection.scope)
    if (is_openai(path) or is_asr(path)) and "accept-language" not in connection.headers:
        return "en"
    return pick_language(connection.cookies.get("language"), connection.headers.get("accept-language"))
