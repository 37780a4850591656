"""Logging in by an OpenID provider: the way there and the way back, both as addresses of the browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, status
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response

from app.domain.errors.requests import NotFound
from app.services.people.oidc import OidcLogin
from app.web.access.credentials import cookie_path, is_secure
from app.web.access.sessions import begin_session
from app.web.dependencies import ServicesDep
from app.web.pages.accounts import own_address
from app.web.pools import LOGINS
from app.web.request import root_path
from app.web.routers import PageRouter
from app.web.services import Services

router = PageRouter()

COOKIE = "oidc"
LIFETIME_SECONDS = 600


@router.get("/login/oidc")
async def begin_oidc_login(
    request: Request, services: ServicesDep, next: Annotated[str, Query(max_length=2000)] = "/"
) -> Response:
    """Send the browser to the provider."""
    oidc = _oidc(services, request)
    to, back = own_address(request, next), str(request.url_for("finish_oidc_login"))
    departure = await LOGINS.run(oidc.begin, back, to, request.cookies.get(_cookie_name(request), ""))
    response = RedirectResponse(departure.address, status.HTTP_303_SEE_OTHER)
    response.set_cookie(
        _cookie_name(request),
        departure.browser,
        max_age=LIFETIME_SECONDS,
        path=cookie_path(request),
        secure=is_secure(request),
        httponly=True,
        samesite="lax",  # it has to come along when the provider sends the browser back
    )
    response.headers["cache-control"] = "no-store"
    return response


@router.get("/login/oidc/callback")
async def finish_oidc_login(request: Request, services: ServicesDep) -> Response:
    """Log in whom the provider sends back, and go on to the page that was asked for."""
    oidc = _oidc(services, request)
    browser = request.cookies.get(_cookie_name(request), "")
    arrival = await LOGINS.run(oidc.finish, dict(request.query_params), browser)
    response = RedirectResponse(arrival.next, status.HTTP_303_SEE_OTHER)
    await LOGINS.run(begin_session, services, arrival.person, request, response, "log_in_by_oidc", response.status_code)
    response.headers["cache-control"] = "no-store"
    return response


def _oidc(services: Services, request: Request) -> OidcLogin:
    if services.accounts.oidc is None:
        raise NotFound(path=request.url.path)
    return services.accounts.oidc


def _cookie_name(connection: HTTPConnection) -> str:
    is_whole_host = not root_path(connection.scope)
    return f"__Host-{COOKIE}" if is_secure(connection) and is_whole_host else COOKIE
