"""Live recognition: sound that arrives while somebody speaks is stored, acknowledged, and read sentence by sentence."""

from app.jobs.live.events import (
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
from app.jobs.live.hub import Live, LiveLimits, Over
from app.jobs.live.session import Session
from app.jobs.live.surroundings import SessionFacts

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
