"""From a recording to its speakers' turns: where one voice is heard, what it is like, whose it is.

The networks are asked for a few seconds at a time, so that memory stays small, others can be served in between, and
a recording of ten hours can be cancelled at any moment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from app.domain.speakers import SpeakerTurn
from app.engine import SAMPLE_RATE, Waveform
from app.engine.speakers import Embeddings, FrameClock, SpeakerModel
from app.engine.speakers.clustering import cluster
from app.engine.speakers.frames import FrameJoiner, Span, SpeechFrames, single_voices, window_starts
from app.engine.speakers.turn_embeddings import TurnEmbeddings, turn_embeddings
from app.engine.speakers.turns import turns_of
from app.engine.speakers.units import units_of

SOUND_SECONDS = 1.5  # of one embedding: less is not like the voice, more may hold two of them
SOUND_STEP = 0.5  # seconds between two embeddings
SHORTEST_SOUND = 0.3  # seconds; less has no voice to speak of
WINDOWS_AT_ONCE = 4
SOUNDS_AT_ONCE = 16

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who speaks when, and what the turns sound like."""

    turns: tuple[SpeakerTurn, ...] = ()
    embeddings: TurnEmbeddings | None = None


def diarize(
    read: Callable[[float, float], Waveform],
    duration: float,
    spans: Sequence[Span],
    model: SpeakerModel,
    wanted: int | None = None,
) -> Diarization:
    """Return who speaks when; nothing if no voice was found.

    Args:
        read: returns the samples between two times in seconds.
        duration: of the recording, in seconds.
        spans: where somebody speaks.
        model: hears the voices.
        wanted: the number of speakers, if it is known.
    """
    frames = _heard(read, duration, spans, model)
    sounds = [sound for voice in single_voices(frames) for sound in sounds_in(voice)]
    if not sounds:
        return Diarization()
    embeddings = embedded(read, sounds, model)
    seconds = np.array([end - start for start, end in sounds], dtype=np.float32)
    voices = cluster(embeddings, seconds, wanted)
    turns = turns_of(frames, sounds, embeddings, voices.centres)
    return Diarization(turns, turn_embeddings(turns, sounds, embeddings))


def _heard(
    read: Callable[[float, float], Waveform], duration: float, spans: Sequence[Span], model: SpeakerModel
) -> SpeechFrames:
    clock = model.info.clock
    joiner = FrameJoiner(clock, duration)
    for starts in _some(window_starts(spans, clock), WINDOWS_AT_ONCE):
        windows = [_window(read, start, clock) for start in starts]
        for start, activity in zip(starts, model.activity(windows), strict=True):
            joiner.add(start, activity)
    return joiner.frames(spans)


def _window(read: Callable[[float, float], Waveform], start: float, clock: FrameClock) -> Waveform:
    """Return a whole window; after the end of the recording it is silent."""
    samples = read(start, start + clock.window_seconds)
    return np.pad(samples, (0, round(clock.window_seconds * SAMPLE_RATE) - len(samples)))


def sounds_in(voice: Span) -> Iterator[Span]:
    """Yield overlapping pieces of SOUND_SECONDS, spread evenly; a shorter stretch stays whole."""
    start, end = voice
    if end - start < SHORTEST_SOUND:
        return
    if end - start <= SOUND_SECONDS:
        yield start, end
        return
    steps = math.ceil((end - start - SOUND_SECONDS) / SOUND_STEP)
    for number in range(steps + 1):
        first = round(start + (end - start - SOUND_SECONDS) * number / steps, 2)  # whole samples: all are alike long
        yield first, first + SOUND_SECONDS


def embedded(read: Callable[[float, float], Waveform], sounds: Sequence[Span], model: SpeakerModel) -> Embeddings:
    found = [model.embeddings([read(start, end) for start, end in some]) for some in _some(sounds, SOUNDS_AT_ONCE)]
    return units_of(np.concatenate(found))


def _some(items: Sequence[ItemT], count: int) -> Iterator[Sequence[ItemT]]:
    return (items[first : first + count] for first in range(0, len(items), count))
