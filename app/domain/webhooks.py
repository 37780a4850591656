"""Webhooks: what is told to other programs, and when it is tried again if they do not answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.states import JobState

HOUR = 3600
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 10 * HOUR)
)
"""Between the attempts of a delivery: about a day in all."""


class WebhookEvent(StrEnum):
    """What happened; the `type` of a message."""

    FINISHED = "transcription.finished"
    FAILED = "transcription.failed"
    CANCELLED = "transcription.cancelled"
    BATCH_FINISHED = "batch.finished"
    TEST = "test"
    """A person asked for it."""


EVENT_OF_STATE: Mapping[JobState, WebhookEvent] = {
    JobState.SUCCEEDED: WebhookEvent.FINISHED,
    JobState.FAILED: WebhookEvent.FAILED,
    JobState.CANCELLED: WebhookEvent.CANCELLED,
}


class DeliveryState(StrEnum):
    """State of one message to one receiver."""

    WAITING = "waiting"
    """For its first or its next attempt."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Every attempt failed, or the receiver said that it is gone."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver of messages."""

    id: str
    url: str
    events: tuple[WebhookEvent, ...]
    secret: str
    """Signs the messages; `whsec_` and base64, as Standard Webhooks writes it."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one receiver. Stored before it is sent."""

    id: str
    """Of the message; a repeated attempt has the same."""
    webhook_id: str | None
    """None where an upload named the receiver."""
    url: str
    event: WebhookEvent
    payload: str
    """JSON, exactly as it is signed and sent."""
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime | None
    """Of the next attempt; None when it has ended."""
    status: int | None = None
    """HTTP status of the last answer; None if there was none."""
    problem: str = ""
    """Why the last attempt failed."""


def message(event: WebhookEvent, at: datetime, data: Mapping[str, Any]) -> str:
    """Return the body of a message."""
    told = {"type": event.value, "timestamp": at.isoformat(timespec="milliseconds"), "data": dict(data)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
