"""Plain text, as one would paste into a letter, one line per segment."""

from __future__ import annotations

from app.domain.transcript import Segment, Transcript


def render(transcript: Transcript) -> str:
    return "".join(f"{_line(transcript, segment)}\n" for segment in transcript.segments if segment.text)


def _line(transcript: Transcript, segment: Segment) -> str:
    voice = transcript.voice_of(segment)
    return f"{voice}: {segment.text}" if voice else segment.text
