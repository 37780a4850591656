"""REST: logging in and out, and the link with which a password is set."""

from __future__ import annotations

from fastapi import Request, Response, status

from app.domain.errors.people import LinkNotValid, TooManyAttempts, WeakPassword, WrongPassword
from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.web.access.credentials import cookie_of, forget_cookie
from app.web.access.sessions import begin_session
from app.web.dependencies import ServicesDep
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES, client_address
from app.web.routers import ApiRouter
from app.web.schemas.people import Credentials, FirstPassword, LinkOwner, LinkSecret

router = ApiRouter(tags=["people"])


@router.post(
    "/login",
    status_code=status.HTTP_204_NO_CONTENT,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(WrongPassword, TooManyAttempts, InvalidParameter, RequestTooLarge, changes=True),
)
def log_in(wanted: Credentials, request: Request, response: Response, services: ServicesDep) -> None:
    """Begin a session of a browser; programs send an API key instead."""
    person = services.accounts.logins.log_in(wanted.name, wanted.password, client_address(request.scope))
    begin_session(services, person, request, response, "log_in", status.HTTP_204_NO_CONTENT)


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT, responses=errors(changes=True))
def log_out(request: Request, response: Response, services: ServicesDep) -> None:
    """End this session."""
    services.accounts.logins.end(cookie_of(request))
    forget_cookie(response, request)


@router.post(
    "/welcome/look",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(LinkNotValid, InvalidParameter, RequestTooLarge, changes=True),
)
def look_at_link(wanted: LinkSecret, services: ServicesDep) -> LinkOwner:
    """See whose link this is."""
    return LinkOwner(name=services.accounts.logins.person_of_link(wanted.secret).name)


@router.post(
    "/welcome",
    status_code=status.HTTP_204_NO_CONTENT,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(LinkNotValid, WeakPassword, InvalidParameter, RequestTooLarge, changes=True),
)
def set_first_password(wanted: FirstPassword, request: Request, response: Response, services: ServicesDep) -> None:
    """Set the password of the person whose link this is, and log them in. The link cannot be used again."""
    person = services.accounts.logins.use_link(wanted.secret, wanted.password)
    begin_session(services, person, request, response, "set_first_password", status.HTTP_204_NO_CONTENT)
