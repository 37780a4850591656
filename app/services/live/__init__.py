"""Live recognition: audio is stored and acknowledged as it arrives, and transcribed sentence by sentence."""

from app.engine.audio.pcm_stream import HIGHEST_RATE, LOWEST_RATE, Encoding, PcmStream
from app.services.live.channels import MOST_CHANNELS, Channels
from app.services.live.events import (
    Acknowledged,
    Cleared,
    Committed,
    Ended,
    ErrorEvent,
    Final,
    Listener,
    LiveEvent,
    Partial,
    SettingsApplied,
    SpeakersChanged,
    Started,
    VoiceStarted,
    VoiceStopped,
)
from app.services.live.hub import EndedSession, Live, LiveLimits
from app.services.live.session import Session
from app.services.live.session_context import SessionFacts
from app.services.live.session_store import SessionKey

__all__ = [
    "HIGHEST_RATE",
    "LOWEST_RATE",
    "MOST_CHANNELS",
    "Acknowledged",
    "Channels",
    "Cleared",
    "Committed",
    "Encoding",
    "Ended",
    "EndedSession",
    "ErrorEvent",
    "Final",
    "Listener",
    "Live",
    "LiveEvent",
    "LiveLimits",
    "Partial",
    "PcmStream",
    "Session",
    "SessionFacts",
    "SessionKey",
    "SettingsApplied",
    "SpeakersChanged",
    "Started",
    "VoiceStarted",
    "VoiceStopped",
]
