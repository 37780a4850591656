"""What a check looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.errors.base import Problem
from app.domain.hotwords import outcomes
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.domain.transcript import Applied, HotwordOutcome, mean_confidence
from app.domain.transcription import SegmentRecord, Transcription


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something that may help, and can be done by pressing a button."""

    label: str
    """English, its own translation key."""
    again: Mapping[str, Any] = field(default_factory=dict)
    """Options with which the recording is to be recognised again."""
    page: str = ""
    """Else the page where it is done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is odd."""

    id: str
    fact: str
    """What was found, a template for `params`; English, its own translation key."""
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
    """One recognition: what was asked, what the recording is like, what came out."""

    options: TranscriptionOptions
    recording: Mapping[str, Any]
    """As Prepared.described; empty where it was not measured."""
    duration: float | None
    segments: Sequence[SegmentRecord]
    """Those that are done."""
    segments_total: int
    receipt: Sequence[Applied]
    hotwords: Sequence[HotwordOutcome]
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
        """How it sounds: the mix, or each channel."""
        return self.recording.get("sound") or ()


def run_of(job: Transcription, segments: Sequence[SegmentRecord]) -> Run:
    """Return what the checks need of a transcription in any state."""
    done = [segment for segment in segments if segment.state == "done"]
    heard = [segment for segment in done if segment.text]
    return Run(
        options=job.options,
        recording=job.recording,
        duration=job.duration,
        segments=done,
        segments_total=len(segments),
        receipt=job.receipt,
        hotwords=_outcomes(job, heard),
        is_over=job.state is JobState.SUCCEEDED,
        model=job.model or "",
    )


def _outcomes(job: Transcription, heard: Sequence[SegmentRecord]) -> tuple[HotwordOutcome, ...]:
    return outcomes(job.options.hotwords, heard, job.receipt) if job.options.hotwords else ()
