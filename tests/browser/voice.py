"""A synthetic voice in which every moment is unique, and a search for its moments in stored audio."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.engine.sounds import RATE, Samples, silence, voiced, wav_bytes

PIECE_SECONDS = 2.0
PAUSE_SECONDS = 1.0
WINDOW = RATE // 2
SLACK = RATE // 20  # chromium on a busy machine slips 10 ms of silence in; a chunk is 100 ms
ALIKE = 0.95  # normalised correlation of a window with its place; one that spans a break has none
AUDIBLE = 0.02  # root mean square of a window that says something about its place


def write_voice(path: Path, seconds: float) -> Path:
    path.write_bytes(wav_bytes((voice(seconds) * 32767).astype(np.int16)))
    return path


def voice(seconds: float) -> Samples:
    """Pieces of speech with pauses; its pitch wanders, so that every half second of it is found in one place only."""
    times = np.arange(round(seconds * RATE)) / RATE
    steps = np.random.default_rng(7).standard_normal(int(10 * seconds) + 2)
    wander = np.interp(times, np.arange(steps.size) / 10, steps)
    sound = voiced(128 + 10 * np.sin(1.7 * times) + 4 * wander)
    is_said = times % (PIECE_SECONDS + PAUSE_SECONDS) < PIECE_SECONDS
    spoken = 0.25 * sound * is_said
    return np.concatenate([silence(0.2), spoken]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the original that was found again without a piece too many or too few. In samples."""

    stored_at: int
    said_at: int


def stretches(stored: bytes, original: Path) -> list[Stretch]:
    """Return where a recording goes on as it was said: one stretch where nothing was lost, cut out or doubled."""
    got, said = _samples(stored), _samples(original.read_bytes())
    found: list[Stretch] = []
    offset = 0
    for at in range(0, got.size - WINDOW, WINDOW // 2):
        window = got[at : at + WINDOW]
        if np.sqrt(np.mean(window**2)) <= AUDIBLE:
            continue
        place = _place_near(at + offset, window, said) or _place(window, said)
        if place is None:
            continue
        if not found or abs(place - at - offset) > SLACK:
            found.append(Stretch(at, place))
        offset = place - at
    return found


def seconds_of(stored: bytes) -> float:
    return _samples(stored).size / RATE


def _place_near(expected: int, window: Samples, said: Samples) -> int | None:
    """Return where `window` fits within SLACK of where it is expected: one place in a thousand to look at."""
    first = max(0, expected - SLACK)
    place = _place(window, said[first : max(first, expected + SLACK) + WINDOW])
    return None if place is None else first + place


def _place(window: Samples, said: Samples) -> int | None:
    """Return where `window` fits best, by its normalised correlation with each place; None where it fits nowhere."""
    places = said.size - window.size
    if places <= 0:
        return None
    size = 1 << (said.size + window.size).bit_length()
    product = np.fft.irfft(np.fft.rfft(said, size) * np.conj(np.fft.rfft(window, size)), size)
    energy = np.concatenate([[0.0], np.cumsum(said.astype(np.float64) ** 2)])
    norms = np.sqrt(np.maximum(energy[window.size : window.size + places] - energy[:places], 1e-6))
    likeness = product[:places] / norms / np.sqrt(np.sum(window.astype(np.float64) ** 2))
    best = int(np.argmax(likeness))
    return best if likeness[best] > ALIKE else None


def _samples(recording: bytes) -> Samples:
    with wave.open(io.BytesIO(recording)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, RATE, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
