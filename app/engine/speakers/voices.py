"""What one person's voice is like in a recording: the mean of what is heard of it while nobody else speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.engine import SAMPLE_RATE, Waveform
from app.engine.speakers import Embeddings, SpeakerModel
from app.engine.speakers.diarizer import embedded, sounds_in
from app.engine.speakers.frames import Span
from app.engine.speakers.units import units_of

MOST_SOUNDS = 40  # of 1.5 s each: more of them change the mean by less than another recording does
CLEAR_SECONDS = 1.0  # a shorter sound counts only where there is no longer one
LEAST_SECONDS = 2.0  # of speech; less is not enough to compare
TELEPHONE_HZ = (300.0, 3400.0)
ABOVE_HZ = 4500.0
# Of the power in the band of a telephone: recordings with 8000 samples a second have 10^-6 of it above ABOVE_HZ, the
# dullest of 60 others had 10^-4.1.
NARROW_SHARE = 10**-5


@dataclass(frozen=True, slots=True)
class Voice:
    unit: Embeddings
    """Of length one, shape (D,)."""
    is_narrow: bool
    """Whether it was heard without what is above 4 kHz, as over a telephone."""


def voice_of(read: Callable[[float, float], Waveform], spans: Sequence[Span], model: SpeakerModel) -> Voice | None:
    """Return the voice in `spans`; None if they hold too little of it.

    Args:
        read: returns the samples between two times in seconds.
        spans: where this person alone speaks.
        model: hears voices.
    """
    if sum(end - start for start, end in spans) < LEAST_SECONDS:
        return None
    sounds = [sound for span in spans for sound in sounds_in(span)]
    clear = [sound for sound in sounds if sound[1] - sound[0] >= CLEAR_SECONDS]
    chosen = spread(clear or sounds, MOST_SOUNDS)
    if not chosen:
        return None
    return Voice(mean_voice(read, chosen, model), _is_narrow([read(start, end) for start, end in chosen]))


def mean_voice(read: Callable[[float, float], Waveform], sounds: Sequence[Span], model: SpeakerModel) -> Embeddings:
    """Return what some sounds of one voice have in common, of length one, shape (D,)."""
    return units_of(embedded(read, sounds, model).mean(0))


def spread(sounds: Sequence[Span], most: int) -> list[Span]:
    """Return at most so many of them, from the first to the last."""
    count = min(len(sounds), most)
    return [sounds[place * len(sounds) // count] for place in range(count)]


def _is_narrow(sounds: Sequence[Waveform]) -> bool:
    """Return whether nothing is heard above the band of a telephone."""
    powers = np.sum([_powers(sound) for sound in sounds], axis=0)
    return bool(powers[1] < NARROW_SHARE * powers[0])


def _powers(sound: Waveform) -> tuple[float, float]:
    """Return the power within the band of a telephone, and above what its filters leave."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    low, high = TELEPHONE_HZ
    return float(power[(hertz > low) & (hertz < high)].sum()), float(power[hertz > ABOVE_HZ].sum())
