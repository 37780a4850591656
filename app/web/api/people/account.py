"""REST: the own account: password, sessions, API keys. A key cannot change it, only a browser that is logged in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Path, Request, status

from app.domain.errors.people import (
    KeyNotFound,
    NotPermitted,
    PersonNotFound,
    TooManyAttempts,
    TooManyKeys,
    WeakPassword,
    WrongPassword,
)
from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.webhooks import TooManyWebhooks, WebhookAddressRefused
from app.domain.people import Actor, current_actor
from app.domain.webhooks import WebhookEvent
from app.services.people.api_keys import ApiKey
from app.services.people.quotas import spent
from app.web.answers.people import person_answer
from app.web.dependencies import ServicesDep
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES, client_address
from app.web.routers import ApiRouter
from app.web.schemas.people import (
    AccountAnswer,
    CreatedKey,
    KeyAnswer,
    NewKey,
    PasswordChange,
    SessionAnswer,
    UsedAnswer,
)

router = ApiRouter(prefix="/account", tags=["people"])
OF_KEYS = (WebhookEvent.FINISHED, WebhookEvent.FAILED)
KeyId = Annotated[str, Path(description="Id of the key.", examples=["5f0c2e9b1a44d771"])]


@router.get("", responses=errors(PersonNotFound))
def get_account(services: ServicesDep) -> AccountAnswer:
    """See the own account, its sessions and its keys."""
    actor, accounts = current_actor(), services.accounts
    person = accounts.people.get(actor.person or "")
    sessions = accounts.logins.sessions_of(person.id)
    this = (actor.session or "-")[:16]
    return AccountAnswer(
        person=person_answer(person, accounts.people.usage_of(person.id)),
        used=UsedAnswer.model_validate(spent(services.queue.database, person.id), from_attributes=True),
        permissions=sorted(actor.permissions),
        sessions=[
            SessionAnswer(
                id=each.id,
                created_at=each.created_at,
                seen_at=each.seen_at,
                address=each.address,
                agent=each.agent,
                is_this=each.id == this,
            )
            for each in sessions
        ],
        keys=[key_answer(key) for key in accounts.keys.of(person.id)],
    )


@router.post(
    "/password",
    status_code=status.HTTP_204_NO_CONTENT,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        WrongPassword, TooManyAttempts, WeakPassword, NotPermitted, InvalidParameter, RequestTooLarge, changes=True
    ),
)
def change_password(wanted: PasswordChange, request: Request, services: ServicesDep) -> None:
    """Set a new password. All other sessions end; keys stay."""
    actor = _in_browser()
    address = client_address(request.scope)
    services.accounts.logins.change_password(actor.person or "", wanted.old, wanted.new, address, actor.session)


@router.post(
    "/logout-everywhere",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(NotPermitted, changes=True),
)
def log_out_everywhere(services: ServicesDep) -> None:
    """End all other sessions."""
    actor = _in_browser()
    services.accounts.logins.end_all(actor.person or "", actor.session)


@router.post(
    "/keys",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        NotPermitted,
        TooManyKeys,
        TooManyWebhooks,
        WebhookAddressRefused,
        InvalidParameter,
        RequestTooLarge,
        changes=True,
    ),
)
def create_key(wanted: NewKey, services: ServicesDep) -> CreatedKey:
    """Create an API key. The answer tells its secret, which cannot be had again."""
    actor = _in_browser()
    if wanted.webhook_url:
        services.webhooks.check(wanted.webhook_url)  # before there is a key
    expires_at = datetime.now(UTC) + timedelta(days=wanted.days) if wanted.days else None
    key, secret = services.accounts.keys.create(
        actor.person or "",
        wanted.name,
        wanted.scopes,
        expires_at,
        hours_per_day=wanted.hours_per_day,
        jobs_at_once=wanted.jobs_at_once,
    )
    webhook = None
    if wanted.webhook_url:
        webhook = services.webhooks.add(wanted.webhook_url, OF_KEYS, key.id)
    webhook_secret = webhook.secret if webhook else None
    return CreatedKey(**key_answer(key).model_dump(), secret=secret, webhook_secret=webhook_secret)


@router.delete(
    "/keys/{id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(NotPermitted, KeyNotFound, changes=True),
)
def remove_key(id: KeyId, services: ServicesDep) -> None:
    """Remove a key; it opens nothing from now on."""
    services.accounts.keys.remove(_in_browser().person or "", id)


def key_answer(key: ApiKey) -> KeyAnswer:
    return KeyAnswer.model_validate(key, from_attributes=True)


def _in_browser() -> Actor:
    """Return the actor, who came with the cookie of a session."""
    actor = current_actor()
    if actor.person is None or actor.session is None:
        raise NotPermitted
    return actor
