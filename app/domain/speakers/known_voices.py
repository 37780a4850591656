"""Voices that a person has remembered by name, and how alike one is that is heard in another recording.

A voice is personal data of the biometric kind: it is kept because somebody asked for it, with who agreed to it, and it
proposes a name and never sets one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.domain.speakers import SpeakerTurn

Vector: TypeAlias = tuple[float, ...]
"""Of unit length."""
Stretch: TypeAlias = tuple[float, float]
"""Start and end in seconds."""

LEAST_LIKENESS = 0.5
"""Of a voice that is proposed. See Scale."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Which cosines of two vectors mean that voices are alike.

    The same cosine means different things: a telephone makes all voices alike, and one voice unlike itself in a room.
    Measured by benchmarks/known_voices.py.
    """

    least: float
    """Half a likeness: strangers stay below it."""
    whole: float
    """A whole likeness: what most of one person's recordings reach."""

    def likeness(self, cosine: float) -> float:
        """Return 0 to 1; LEAST_LIKENESS at `least`."""
        if cosine < self.least:
            return max(0.0, cosine / self.least) * LEAST_LIKENESS
        share = (cosine - self.least) / (self.whole - self.least)
        return min(1.0, LEAST_LIKENESS + (1 - LEAST_LIKENESS) * share)


FULL_BAND = Scale(0.55, 0.9)
TELEPHONE = Scale(0.86, 0.95)
MIXED = Scale(0.4, 0.6)


@dataclass(frozen=True, slots=True)
class HeardVoice:
    """What somebody sounds like."""

    vector: Vector
    is_narrow: bool = False
    """Whether it was heard over a telephone, without what is above 4 kHz."""


@dataclass(frozen=True, slots=True)
class KnownVoice:
    """What somebody sounds like, as heard in one recording."""

    id: str
    name: str
    voice: HeardVoice
    model: str
    """The model that the vector is of, with its checksum: those of others mean something else."""
    consent_by: str
    """Who agreed to it, and how, as the person who remembered the voice wrote it."""
    purpose: str
    created_at: datetime
    transcription_id: str | None = None
    """Where it was heard; that may have been deleted since."""


@dataclass(frozen=True, slots=True)
class VoiceProposal:
    """A speaker of a recording may be somebody who is known."""

    speaker: int
    voice: str
    """Id of the known voice."""
    name: str
    likeness: float


def proposals(heard: Mapping[int, HeardVoice], model: str, known: Iterable[KnownVoice]) -> tuple[VoiceProposal, ...]:
    """Return who the speakers of a recording may be, the likeliest first; voices of other models are not compared.

    Args:
        heard: the voice of each speaker.
        model: that heard them.
        known: the voices to compare them with.
    """
    comparable = [voice for voice in known if voice.model == model]
    found = (
        VoiceProposal(speaker, voice.id, voice.name, likeness(own, voice.voice))
        for speaker, own in heard.items()
        for voice in comparable
    )
    likely = (each for each in found if each.likeness >= LEAST_LIKENESS)
    return tuple(sorted(likely, key=lambda each: (each.speaker, -each.likeness)))


def likeness(one: HeardVoice, other: HeardVoice) -> float:
    """Return how alike two voices are, 0 to 1."""
    if len(one.vector) != len(other.vector):
        return 0.0
    scale = MIXED if one.is_narrow != other.is_narrow else TELEPHONE if one.is_narrow else FULL_BAND
    return round(scale.likeness(sum(a * b for a, b in zip(one.vector, other.vector, strict=True))), 4)


def alone(turns: Sequence[SpeakerTurn]) -> dict[int, list[Stretch]]:
    """Return where each speaker speaks while nobody else does."""
    edges = sorted(edge for turn in turns for edge in ((turn.start, 1, turn.speaker), (turn.end, -1, turn.speaker)))
    speaking: Counter[int] = Counter()
    found: defaultdict[int, list[Stretch]] = defaultdict(list)
    last = 0.0
    for moment, step, speaker in edges:
        present = [number for number, count in speaking.items() if count]
        if len(present) == 1 and moment > last:
            found[present[0]].append((last, moment))
        speaking[speaker] += step
        last = moment
    return dict(found)


def counterparts(before: Sequence[SpeakerTurn], after: Sequence[SpeakerTurn]) -> dict[int, int]:
    """Return for each former speaker who says most of the same now: they are numbered anew each time."""
    shared: defaultdict[int, Counter[int]] = defaultdict(Counter)
    later = sorted(after, key=lambda turn: turn.start)
    first = 0
    for old in sorted(before, key=lambda turn: turn.start):
        while first < len(later) and later[first].end <= old.start:
            first += 1
        for new in later[first:]:
            if new.start >= old.end:
                break
            shared[old.speaker][new.speaker] += round(
                1000 * max(0.0, min(old.end, new.end) - max(old.start, new.start))
            )
    return {speaker: counts.most_common(1)[0][0] for speaker, counts in shared.items() if counts.total()}
