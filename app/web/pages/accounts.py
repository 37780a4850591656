"""The pages of accounts: log in, set a password by a link, the own account; people and audit for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from app.domain.errors.people import LinkNotValid
from app.domain.people import Permission, Role, current_actor
from app.services.people.passwords import SHORTEST
from app.web.access.credentials import set_share
from app.web.dependencies import ServicesDep
from app.web.request import address_of
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/login")
async def login_page(
    request: Request, services: ServicesDep, next: Annotated[str, Query(max_length=2000)] = "/"
) -> Response:
    """Log in; who is logged in goes on to the page that was asked for."""
    to = own_address(request, next)
    if current_actor().is_known:
        return RedirectResponse(to, 303)
    oidc = services.accounts.oidc.label if services.accounts.oidc else ""
    return render(request, "pages/login.html", {"next": to, "oidc": oidc, "asked": next})


def own_address(request: Request, next: str) -> str:
    """Return the address of a page of this program; that of the first one for whatever leads elsewhere."""
    is_own = next.startswith("/") and not next.startswith(("//", "/\\"))
    return address_of(request.scope, next if is_own else "/")


@router.get("/s/{secret}")
def open_share(request: Request, secret: str, services: ServicesDep) -> Response:
    """Open what a link shares: the browser keeps its secret in a cookie, and the address that stays tells nothing."""
    shared = services.accounts.sharing.open(secret)
    if shared is None:
        raise LinkNotValid
    page = f"/live/{shared.transcription}/view" if shared.for_audience else f"/transcriptions/{shared.transcription}"
    response = RedirectResponse(address_of(request.scope, page), 303)
    set_share(response, request, secret)
    return response


@router.get("/welcome")
async def welcome_page(request: Request) -> Response:
    """Set a password with a link, whose secret is behind the # and so in no log."""
    return render(request, "pages/welcome.html", {"shortest": SHORTEST})


@router.get("/account")
async def account_page(request: Request) -> Response:
    """The own password, sessions and API keys."""
    if current_actor().person is None:
        return RedirectResponse(address_of(request.scope, "/people"), 303)
    scopes = [scope for scope in Permission if scope in current_actor().permissions]
    return render(request, "pages/account.html", {"shortest": SHORTEST, "scopes": scopes})


@router.get("/people")
async def people_page(request: Request) -> Response:
    """Who has an account, as what, and how much of theirs is stored."""
    return render(request, "pages/people.html", {"roles": list(Role)})


@router.get("/audit")
async def audit_page(request: Request) -> Response:
    """Who did what."""
    return render(request, "pages/audit.html", {})
