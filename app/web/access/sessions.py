"""Begins the session of a browser after somebody has logged in, in whatever way."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.domain.people import Person, acting_as
from app.web.access.credentials import cookie_of, set_cookie
from app.web.request import client_address
from app.web.services import Services


def begin_session(
    services: Services, person: Person, request: Request, response: Response, action: str, status: int
) -> None:
    """Give the browser the cookie of a new session, and record who logged in."""
    address = client_address(request.scope)
    agent = request.headers.get("user-agent", "")
    set_cookie(response, request, services.accounts.logins.begin(person.id, address, agent, cookie_of(request)))
    actor = services.accounts.actor_of(person, address)
    with acting_as(actor):
        services.accounts.audit.record(actor, action, request.url.path, status)
