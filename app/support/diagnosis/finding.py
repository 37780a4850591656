"""Input and output of a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.errors.base import Problem
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.domain.transcript import Applied, mean_confidence
from app.domain.transcription import SegmentRecord, Transcription


@dataclass(frozen=True, slots=True)
class Remedy:
    """A possible remedy, offered as a button."""

    label: str
    """English, its own translation key."""
    again: Mapping[str, Any] = field(default_factory=dict)
    """Options for transcribing the recording again."""
    page: str = ""
    """Otherwise the page to go to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is odd."""

    id: str
    fact: str
    """The finding, a template for `params`; English, its own translation key."""
    advice: str
    params: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, float] = field(default_factory=dict)
    """What was measured, by name."""
    remedy: Remedy | None = None

    def explained(self, translate: Callable[[str], str] = str) -> dict[str, str]:
        """Return fact and advice in the language of `translate`."""
        told = Problem(self.id, self.fact, self.advice, self.params).explained(translate)
        return {"fact": told["message"], "advice": told["advice"]}


@dataclass(frozen=True, slots=True)
class Run:
    """One recognition: the request, the recording, the result."""

    options: TranscriptionOptions
    recording: Mapping[str, Any]
    """As Prepared.described; empty if not measured."""
    duration: float | None
    segments: Sequence[SegmentRecord]
    """The finished segments."""
    segments_total: int
    receipt: Sequence[Applied]
    is_over: bool
    model: str = ""

    @property
    def speech_seconds(self) -> float:
        return sum(segment.seconds for segment in self.segments)

    @property
    def text_raw(self) -> str:
        return " ".join(segment.text_raw for segment in self.segments if segment.text_raw)

    @property
    def confidence(self) -> float | None:
        return mean_confidence(self.segments)

    @property
    def sounds(self) -> Sequence[Mapping[str, float]]:
        """Return the measures of the mix, or of each channel."""
        return self.recording.get("sound") or ()

    @property
    def music_share(self) -> float | None:
        """Of the speech, that with music beneath it; None where nothing listened for music."""
        return self.recording.get("music_share")


def run_of(job: Transcription, segments: Sequence[SegmentRecord]) -> Run:
    """Return what the checks need from a transcription in any state."""
    done = [segment for segment in segments if segment.state == "done"]
    return Run(
        options=job.options,
        recording=job.recording,
        duration=job.duration,
        segments=done,
        segments_total=len(segments),
        receipt=job.receipt,
        is_over=job.state is JobState.SUCCEEDED,
        model=job.model or "",
    )
