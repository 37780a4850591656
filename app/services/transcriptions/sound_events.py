"""Sound events of a recording on its way to recognition: music beneath speech, singing, applause."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

from app.domain.errors.base import AppError
from app.domain.speech import SoundEvent
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.samples import channel_file
from app.engine.catalog.extras import SOUND_EVENTS
from app.engine.preparation.preparation import Prepared, Preparer, listen_apart
from app.logging import event
from app.services.retry import read_twice

_log = logging.getLogger(__name__)


def with_sound_events(
    prepared: Prepared,
    pcm: Path,
    limits: DecodeLimits,
    cancelled: Callable[[], bool],
    *,
    stopping: Event | None = None,
    pool: Preparer | None = None,
) -> Prepared:
    """Add the sound events of `pcm` if the extra SOUND_EVENTS is installed.

    Raises:
        Cancelled
        Stopped: `stopping` was set meanwhile.
    """
    if not SOUND_EVENTS.is_installed:
        return prepared

    def heard(file: Path) -> tuple[SoundEvent, ...]:
        return read_twice(lambda: listen_apart(file, limits, cancelled, pool=pool), stopping)

    try:
        events = tuple(heard(channel_file(pcm, channel)) for channel in prepared.facts.files)
    except AppError as error:  # the text does not depend on them
        event(_log, logging.WARNING, "sounds_not_heard", reason=error)
        return prepared
    return replace(prepared, events=events)
