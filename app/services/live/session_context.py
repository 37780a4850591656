"""A running session as seen from outside, and what it needs of the server around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from app.domain.options import OFF, TranscriptionOptions
from app.domain.speech import SpeechSpan
from app.engine import Waveform
from app.services.inference.scheduler import InferenceScheduler
from app.services.live.events import LiveEvent
from app.services.live.session_files import SessionFiles
from app.services.live.session_store import LiveSessionStore
from app.services.live.speaker_labels import SpeakerLabels
from app.services.speakers.voice_hearing import VoiceHearing

SessionT = TypeVar("SessionT")


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A running session, as listed."""

    id: str
    transcription: str
    name: str
    created_at: datetime
    seconds: float
    """Audio on disk."""
    segments: int
    """Segments with text."""
    is_connected: bool


@dataclass(frozen=True, slots=True)
class SessionContext(Generic[SessionT]):
    """What a session needs of the server around it."""

    session_store: LiveSessionStore
    scheduler: InferenceScheduler | None
    """None if another process does the recognition."""
    quick: Callable[[TranscriptionOptions], InferenceScheduler | None]
    """Returns a faster scheduler for open segments with these options; None if there is none."""
    write: Callable[[SessionT], None]
    """Writes its audio to disk now."""
    model: Callable[[], str | None]
    most_seconds: float
    """Maximum audio per session."""
    over: Callable[[SessionT], None]
    """Called when it has ended."""
    publish: Callable[[str, LiveEvent], None]
    """Tells those who read along with a transcription."""
    voices: VoiceHearing | None = None
    """Hears whose voice it is; None if another process does the recognition."""

    def labels(
        self,
        place: SessionFiles,
        options: TranscriptionOptions,
        read: Callable[[SpeechSpan], Waveform],
        emit: Callable[[LiveEvent], None],
    ) -> SpeakerLabels | None:
        """Return what tells the speakers of a session apart; None where nobody asked, or where channels do."""
        if self.voices is None or options.speakers == OFF or place.channels.count > 1:
            return None
        return SpeakerLabels(options.speakers, self.voices, read, emit)
