"""Refused webhooks, and failed deliveries."""

from __future__ import annotations

from app.domain.errors.base import N_
from app.domain.errors.requests import RequestError


class WebhookNotFound(RequestError):
    code = "webhook_not_found"
    status = 404
    message = N_("There is no webhook {id}.")
    advice = N_("It may have been removed. Load the page again.")


class DeliveryNotFound(RequestError):
    code = "delivery_not_found"
    status = 404
    message = N_("There is no delivery {id}.")
    advice = N_("Deliveries are kept for 30 days. Load the page again.")


class WebhookAddressRefused(RequestError):
    code = "webhook_address_refused"
    message = N_("No webhook is sent to {url}: {reason}")
    advice = N_(
        "Use an http or https address. For a receiver in your own network, add that network to FUNASR_WEBHOOK_NETWORKS."
    )


class TooManyWebhooks(RequestError):
    code = "too_many_webhooks"
    status = 409
    message = N_("There are {most} webhooks already.")
    advice = N_("Remove one that is no longer used.")
