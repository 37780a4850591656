"""The sound events of a recording under analysis: speech, singing and music. Detected once, after the speech."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Literal

from app.domain.errors.base import AppError
from app.domain.speech import SoundEvent, SoundKind
from app.engine.catalog.extras import SOUND_EVENTS
from app.engine.preparation.preparation import Cancelled
from app.logging import event
from app.services.inference.status import Stopped
from app.services.vad.records import remember
from app.store.files.vad_folders import VadFolders

__all__ = ["SoundEvent", "SoundKind", "Sounds", "VadSounds"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sounds:
    """The sound events of a recording, or the state of their detection."""

    state: Literal["absent", "waiting", "ready", "failed"]
    """`absent`: the extra is not installed."""
    events: tuple[SoundEvent, ...] = ()
    """Each kind in order of time."""


class VadSounds:
    """The sound events of all analyses. Methods may be called from any thread.

    Args:
        listen: returns the events of a recording; raises Cancelled or an AppError.
        rest: runs detection in the background.
    """

    def __init__(self, analyses: VadFolders, listen: Callable[[str], tuple[SoundEvent, ...]], rest: Executor) -> None:
        self._analyses = analyses
        self._listen = listen
        self._rest = rest
        self._lock = Lock()
        self._states: OrderedDict[str, Literal["waiting", "failed"]] = OrderedDict()
        self._heard: OrderedDict[str, Sounds] = OrderedDict()

    def of(self, id: str) -> Sounds:
        """Return the events of a decoded recording; the first call starts their detection."""
        with self._lock:
            if known := self._heard.get(id):
                return known
        stored = self._analyses.events(id)
        if stored is None:
            return self._being_heard(id)
        heard = Sounds("ready", tuple(map(SoundEvent.from_dict, stored)))
        with self._lock:
            remember(self._heard, id, heard)
        return heard

    def forget(self, id: str) -> None:
        """Forget the events of a recording that is being removed."""
        with self._lock:
            self._heard.pop(id, None)
            self._states.pop(id, None)

    def _being_heard(self, id: str) -> Sounds:
        if not SOUND_EVENTS.is_installed:
            return Sounds("absent")
        with self._lock:
            if state := self._states.get(id):
                return Sounds(state)
            remember(self._states, id, "waiting")
        self._rest.submit(self._hear, id)
        return Sounds("waiting")

    def _hear(self, id: str) -> None:
        try:
            with self._analyses.held(id):
                if self._analyses.facts(id) is None:  # removed meanwhile
                    return
                events = self._listen(id)
                self._analyses.add_events(id, [asdict(each) for each in events])
        except (Cancelled, Stopped):
            return
        except (AppError, OSError) as error:
            event(_log, logging.WARNING, "sounds_not_heard", id=id, reason=error)
            with self._lock:
                remember(self._states, id, "failed")
