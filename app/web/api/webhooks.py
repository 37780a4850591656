"""REST: webhooks, which tell other programs what happened, and their deliveries."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, status
from pydantic import BaseModel, Field

from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.uploads import DiskFull
from app.domain.errors.webhooks import DeliveryNotFound, TooManyWebhooks, WebhookAddressRefused, WebhookNotFound
from app.domain.webhooks import Delivery, DeliveryState, Webhook, WebhookEvent
from app.services.webhooks.webhooks import USUAL_EVENTS
from app.web.dependencies import ServicesDep
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.base import RequestBody
from app.web.schemas.transcriptions import Moment

router = ApiRouter(prefix="/webhooks", tags=["webhooks"])

MOST_DELIVERIES = 200
WebhookId = Annotated[str, Path(description="Id of the webhook.", examples=["5f0c2e9b1a44d771"])]
DeliveryId = Annotated[str, Path(description="Id of the message.", examples=["msg_5f0c2e9b1a44d7715f0c2e9b"])]


class NewWebhook(RequestBody):
    """A receiver, and what it is told."""

    url: str = Field(description="An http or https address.", max_length=2000, examples=["https://example.com/hook"])
    events: list[Annotated[WebhookEvent, Field(strict=False)]] = Field(
        default=list(USUAL_EVENTS), min_length=1, max_length=len(WebhookEvent), description="What it is told."
    )


class WebhookAnswer(BaseModel):
    """A receiver of messages."""

    id: str = Field(examples=["5f0c2e9b1a44d771"])
    url: str = Field(examples=["https://example.com/hook"])
    events: list[WebhookEvent]
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])


class CreatedWebhook(WebhookAnswer):
    """A new receiver, with the secret that signs its messages; it is not told again."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class WebhooksAnswer(BaseModel):
    """All receivers, oldest first."""

    webhooks: list[WebhookAnswer]


class OwnSecretAnswer(BaseModel):
    """The secret that signs messages to receivers named by uploads."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class DeliveryAnswer(BaseModel):
    """One message to one receiver."""

    id: str = Field(description="The header `webhook-id`.", examples=["msg_5f0c2e9b1a44d7715f0c2e9b"])
    webhook_id: str | None = Field(description="Null where an upload named the receiver.")
    url: str = Field(examples=["https://example.com/hook"])
    event: WebhookEvent
    state: DeliveryState = Field(description="`waiting` for its next attempt, `delivered`, or `failed` for good.")
    attempts: int = Field(examples=[1])
    status: int | None = Field(description="HTTP status of the last answer; null if there was none.", examples=[200])
    problem: str = Field(description="Why the last attempt failed.", examples=[""])
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    next_at: Moment | None = Field(description="When it is tried again.", examples=[None])
    payload: str = Field(description="What is sent.", examples=['{"type":"test"}'])


class DeliveriesAnswer(BaseModel):
    """The newest deliveries."""

    deliveries: list[DeliveryAnswer]


@router.get("", responses=errors())
def list_webhooks(services: ServicesDep) -> WebhooksAnswer:
    """List the receivers."""
    return WebhooksAnswer(webhooks=[_webhook(each) for each in services.webhooks.everything()])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(WebhookAddressRefused, TooManyWebhooks, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def add_webhook(wanted: NewWebhook, services: ServicesDep) -> CreatedWebhook:
    """Add a receiver. Its messages are signed as Standard Webhooks says, with the secret in the answer."""
    added = services.webhooks.add(wanted.url, wanted.events)
    return CreatedWebhook(**_webhook(added).model_dump(), secret=added.secret)


@router.get("/secret", responses=errors(DiskFull))
def get_own_secret(services: ServicesDep) -> OwnSecretAnswer:
    """See the secret that signs messages to receivers that uploads name (`webhook_url`)."""
    return OwnSecretAnswer(secret=services.webhooks.own_secret())


@router.get("/deliveries", responses=errors(InvalidParameter))
def list_deliveries(
    services: ServicesDep,
    state: Annotated[DeliveryState | None, Query(description="Only this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_DELIVERIES, description="Most deliveries to return.")] = 50,
) -> DeliveriesAnswer:
    """See the newest messages, and what their receivers answered. They are kept for 30 days."""
    found = services.webhooks.deliveries(limit, state)
    return DeliveriesAnswer(deliveries=[_delivery(each) for each in found])


@router.post(
    "/deliveries/{id}/resend",
    status_code=status.HTTP_202_ACCEPTED,
    responses=errors(DeliveryNotFound, DiskFull, changes=True),
)
def resend_delivery(id: DeliveryId, services: ServicesDep) -> DeliveryAnswer:
    """Send a message again."""
    return _delivery(services.webhooks.resend(id))


@router.post(
    "/{id}/test", status_code=status.HTTP_202_ACCEPTED, responses=errors(WebhookNotFound, DiskFull, changes=True)
)
def test_webhook(id: WebhookId, services: ServicesDep) -> DeliveryAnswer:
    """Send a message of the type `test`; its delivery says what became of it."""
    return _delivery(services.webhooks.test(id))


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(WebhookNotFound, changes=True))
def remove_webhook(id: WebhookId, services: ServicesDep) -> None:
    """Remove a receiver; what waits to be sent to it is dropped."""
    services.webhooks.remove(id)


def _webhook(webhook: Webhook) -> WebhookAnswer:
    return WebhookAnswer(id=webhook.id, url=webhook.url, events=list(webhook.events), created_at=webhook.created_at)


def _delivery(delivery: Delivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        id=delivery.id,
        webhook_id=delivery.webhook_id,
        url=delivery.url,
        event=delivery.event,
        state=delivery.state,
        attempts=delivery.attempts,
        status=delivery.status,
        problem=delivery.problem,
        created_at=delivery.created_at,
        next_at=delivery.next_at,
        payload=delivery.payload,
    )
