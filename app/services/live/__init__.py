"""Live recognition: sound that arrives while somebody speaks is stored, acknowledged, and read sentence by sentence."""

from app.services.live.context import SessionFacts
from app.services.live.events import (
    Acknowledged,
    Ended,
    Final,
    Listener,
    LiveEvent,
    Partial,
    SettingsHold,
    Started,
    Trouble,
    VoiceStarted,
    VoiceStopped,
)
from app.services.live.hub import Live, LiveLimits, Over
from app.services.live.session import Session

__all__ = [
    "Acknowledged",
    "Ended",
    "Final",
    "Listener",
    "Live",
    "LiveEvent",
    "LiveLimits",
    "Over",
    "Partial",
    "Session",
    "SessionFacts",
    "SettingsHold",
    "Started",
    "Trouble",
    "VoiceStarted",
    "VoiceStopped",
]
