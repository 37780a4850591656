"""Live recognition: audio is stored and acknowledged as it arrives, and transcribed sentence by sentence."""

from app.services.live.events import (
    Acknowledged,
    Ended,
    ErrorEvent,
    Final,
    Listener,
    LiveEvent,
    Partial,
    SettingsApplied,
    Started,
    VoiceStarted,
    VoiceStopped,
)
from app.services.live.hub import EndedSession, Live, LiveLimits
from app.services.live.session import Session, SessionFacts

__all__ = [
    "Acknowledged",
    "Ended",
    "EndedSession",
    "ErrorEvent",
    "Final",
    "Listener",
    "Live",
    "LiveEvent",
    "LiveLimits",
    "Partial",
    "Session",
    "SessionFacts",
    "SettingsApplied",
    "Started",
    "VoiceStarted",
    "VoiceStopped",
]
