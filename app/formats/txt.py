"""Plain text: what a person would paste into a letter, one line for each segment."""

from __future__ import annotations

from app.transcript import Transcript


def render(transcript: Transcript) -> str:
    return "".join(f"{segment.text}\n" for segment in transcript.segments if segment.text)
