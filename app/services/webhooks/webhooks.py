"""What people and programs do with webhooks: add, remove, try, look at deliveries, send again."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial

from app.domain.addresses import Networks
from app.domain.errors.webhooks import DeliveryNotFound, TooManyWebhooks, WebhookNotFound
from app.domain.webhooks import Delivery, DeliveryState, Webhook, WebhookEvent, message
from app.logging import event
from app.services.webhooks.own_secret import new_secret
from app.services.webhooks.receivers import Unreachable, target_of
from app.store.database import Connection, Database, Row
from app.store.queries import webhooks

MOST = 50
USUAL_EVENTS = (WebhookEvent.FINISHED, WebhookEvent.FAILED, WebhookEvent.BATCH_FINISHED)

_log = logging.getLogger(__name__)


class Webhooks:
    """All webhooks. Every method may be called from any thread.

    `allowed` returns the networks that are not public and may be receivers, `own_secret` the secret for receivers that
    uploads name.
    """

    def __init__(self, database: Database, allowed: Callable[[], Networks], own_secret: Callable[[], str]) -> None:
        self._database = database
        self._allowed = allowed
        self.own_secret = own_secret

    def everything(self) -> list[Webhook]:
        """Return the webhooks, oldest first."""
        with self._database.reading() as connection:
            return [webhook_from(row) for row in webhooks.everything(connection)]

    def add(self, url: str, events: Iterable[WebhookEvent] = USUAL_EVENTS, api_key: str | None = None) -> Webhook:
        """Store a webhook with a secret of its own; with an API key it hears of what that has submitted alone.

        Raises:
            WebhookAddressRefused, TooManyWebhooks, DiskFull
        """
        self.check(url)
        webhook = Webhook(secrets.token_hex(8), url, tuple(dict.fromkeys(events)), new_secret(), datetime.now(UTC))
        with self._database.writing() as connection:
            if webhooks.count(connection) >= MOST:
                raise TooManyWebhooks(most=MOST)
            webhooks.add(
                connection,
                id=webhook.id,
                url=url,
                events=[each.value for each in webhook.events],
                secret=webhook.secret,
                created_at=webhook.created_at,
                api_key=api_key,
            )
        event(_log, logging.INFO, "webhook_added", webhook=webhook.id)
        return webhook

    def check(self, url: str) -> None:
        """Look whether messages may be sent to an address; a name without an address may get one later.

        Raises:
            WebhookAddressRefused
        """
        try:
            target_of(url, self._allowed())
        except Unreachable:
            return

    def named_by_upload(self, url: str) -> Callable[[Connection, str], None]:
        """Return what stores, beside a new transcription, the receiver that its upload named.

        Raises:
            WebhookAddressRefused
        """
        self.check(url)
        return partial(_name_receiver, url)

    def remove(self, id: str) -> None:
        """Remove a webhook; what waits to be sent to it is dropped.

        Raises:
            WebhookNotFound
        """
        with self._database.writing() as connection:
            if webhooks.find(connection, id) is None:
                raise WebhookNotFound(id=id)
            webhooks.remove(connection, id)
        event(_log, logging.INFO, "webhook_removed", webhook=id)

    def test(self, id: str) -> Delivery:
        """Send a message that says nothing.

        Raises:
            WebhookNotFound
        """
        now = datetime.now(UTC)
        with self._database.writing() as connection:
            row = webhooks.find(connection, id)
            if row is None:
                raise WebhookNotFound(id=id)
            values = new_delivery(WebhookEvent.TEST, row["url"], id, message(WebhookEvent.TEST, now, {}), now)
            webhooks.add_delivery(connection, **values)
        return delivery_from(values)

    def deliveries(self, limit: int, state: DeliveryState | None = None) -> list[Delivery]:
        """Return the newest deliveries."""
        with self._database.reading() as connection:
            return [delivery_from(row) for row in webhooks.newest_deliveries(connection, limit, state)]

    def resend(self, id: str) -> Delivery:
        """Send a message again now, with all attempts before it.

        Raises:
            DeliveryNotFound
        """
        with self._database.writing() as connection:
            if webhooks.find_delivery(connection, id) is None:
                raise DeliveryNotFound(id=id)
            now = datetime.now(UTC)
            webhooks.change_delivery(connection, id, state=DeliveryState.WAITING, attempts=0, next_at=now)
            row = webhooks.find_delivery(connection, id)
        assert row  # noqa: S101 - changed in this transaction
        return delivery_from(row)


def _name_receiver(url: str, connection: Connection, transcription: str) -> None:
    webhooks.name_receiver(connection, transcription, url)


def new_delivery(kind: WebhookEvent, url: str, webhook: str | None, payload: str, now: datetime) -> Row:
    """Return the values of a delivery that is due at once."""
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "webhook_id": webhook,
        "url": url,
        "event": kind.value,
        "payload": payload,
        "state": DeliveryState.WAITING,
        "attempts": 0,
        "created_at": now,
        "next_at": now,
        "status": None,
        "problem": "",
    }


def webhook_from(row: Row) -> Webhook:
    return Webhook(row["id"], row["url"], tuple(map(WebhookEvent, row["events"])), row["secret"], row["created_at"])


def delivery_from(row: Row) -> Delivery:
    return Delivery(**row | {"event": WebhookEvent(row["event"]), "state": DeliveryState(row["state"])})
