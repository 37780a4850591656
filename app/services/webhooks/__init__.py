"""Webhooks: receivers, messages that are stored before they are sent, and their delivery."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from app.domain.addresses import Networks
from app.services.webhooks.dispatcher import Dispatcher
from app.services.webhooks.own_secret import own_secret
from app.services.webhooks.webhooks import Webhooks
from app.store.database import Database


def open_webhooks(stack: ExitStack, database: Database, data_dir: Path, allowed: Callable[[], Networks]) -> Webhooks:
    """Return the webhooks, and deliver messages until `stack` is closed."""
    secret = partial(own_secret, data_dir)
    stack.enter_context(Dispatcher(database, allowed, secret).running())
    return Webhooks(database, allowed, secret)
