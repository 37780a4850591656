"""What a request brings to say who it comes from: the cookie of a session, or a key in one of several headers."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.web.openai.realtime.handshake import secret_of
from app.web.request import root_path

COOKIE = "session"
SECURE_COOKIE = "__Host-session"
"""Browsers take it over HTTPS only, and from no other host of the domain."""
SHARE_COOKIE = "share"
LIFETIME_SECONDS = 30 * 24 * 3600


def cookie_of(connection: HTTPConnection) -> str:
    """Return the cookie of the session; empty without one."""
    return connection.cookies.get(_cookie_name(connection), "")


def key_of(connection: HTTPConnection) -> str:
    """Return the API key, as OpenAI's, Azure's and most other clients send theirs; empty without one."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return connection.headers.get("api-key") or connection.headers.get("x-api-key") or secret_of(connection)


def share_of(connection: HTTPConnection) -> str:
    """Return the secret of the link that was opened last; empty without one."""
    return connection.cookies.get(SHARE_COOKIE, "")


def set_share(response: Response, connection: HTTPConnection, secret: str) -> None:
    """Let the browser keep what a link opens, until it is closed."""
    response.set_cookie(
        SHARE_COOKIE,
        secret,
        path=cookie_path(connection),
        secure=is_secure(connection),
        httponly=True,
        samesite="lax",
    )


def set_cookie(response: Response, connection: HTTPConnection, cookie: str) -> None:
    """Let the browser keep the cookie of a session, where no script reads it."""
    response.set_cookie(
        _cookie_name(connection),
        cookie,
        max_age=LIFETIME_SECONDS,
        path=cookie_path(connection),
        secure=is_secure(connection),
        httponly=True,
        samesite="lax",  # a link from a mail opens the page; whatever changes something is checked for its origin
    )


def forget_cookie(response: Response, connection: HTTPConnection) -> None:
    response.delete_cookie(
        _cookie_name(connection),
        path=cookie_path(connection),
        secure=is_secure(connection),
        httponly=True,
        samesite="lax",
    )
    MutableHeaders(raw=response.raw_headers)["clear-site-data"] = '"cache"'


def _cookie_name(connection: HTTPConnection) -> str:
    is_whole_host = not root_path(connection.scope)
    return SECURE_COOKIE if is_secure(connection) and is_whole_host else COOKIE


def cookie_path(connection: HTTPConnection) -> str:
    return f"{root_path(connection.scope)}/"


def is_secure(connection: HTTPConnection) -> bool:
    return connection.url.scheme in ("https", "wss")
