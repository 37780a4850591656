"""Sounds in which nobody speaks: noise, hum, tones, chords, melodies, drums, glides, near silence.

Run: python -m training.non_speech. Writes WORK/non-speech, whose texts are empty: the model learns to stay silent,
and the same sounds are mixed under speech. Pure signal generation, no recordings.
"""

import random
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.config import config_from_command_line
from training.packing import SAMPLE_RATE, writing

Wave = NDArray[np.float64]
Source = Callable[[int, np.random.Generator], Wave]


def main() -> None:
    config = config_from_command_line(__doc__)
    generator = np.random.default_rng(config.seed)
    seconds = 0.0
    with writing(config.work / "non-speech") as pack:
        while seconds < config.non_speech_minutes * 60:
            wave = non_speech(generator)
            samples = np.round(wave * 32767).astype(np.int16)
            pack.add(samples, text="", language="none", condition="non-speech")
            seconds += len(samples) / SAMPLE_RATE
    print(f"non-speech: {seconds / 3600:.1f} h")


def non_speech(generator: np.random.Generator) -> Wave:
    """2 to 14 s of one to three sources together, at a random level, with or without an echoing room."""
    count = int(generator.uniform(2, 14) * SAMPLE_RATE)
    number = generator.choice([1, 2, 3], p=[0.5, 0.35, 0.15])
    chosen = random.Random(int(generator.integers(1 << 30))).choices(SOURCES, k=number)
    wave = sum((_unit(source(count, generator)) * generator.uniform(0.3, 1) for source in chosen), np.zeros(count))
    if generator.random() < 0.5:
        wave = _in_a_room(wave, generator)
    return np.asarray(_unit(wave) * 10 ** generator.uniform(-2.6, -0.05))


def _noise(count: int, generator: np.random.Generator) -> Wave:
    """White to brown noise, sometimes only a band of it, sometimes swelling."""
    spectrum = np.fft.rfft(generator.standard_normal(count))
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    spectrum *= np.maximum(frequency, 20) ** -generator.uniform(0, 1.3)
    if generator.random() < 0.4:
        low, width = generator.uniform(0, 3000), generator.uniform(300, 5000)
        spectrum *= (frequency > low) & (frequency < low + width)
    wave = np.fft.irfft(spectrum, count)
    return wave * _swell(count, generator) if generator.random() < 0.5 else wave


def _hum(count: int, generator: np.random.Generator) -> Wave:
    return _tone(count, np.full(count, generator.choice([50.0, 60.0, 100.0, 120.0])), generator)


def _melody(count: int, generator: np.random.Generator) -> Wave:
    """Notes of one instrument, one after the other on a scale."""
    wave, position = np.zeros(count), 0
    root, beat = generator.uniform(55, 440), generator.uniform(0.1, 0.6)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
    while position < count:
        length = min(count - position, int(SAMPLE_RATE * beat * generator.choice([0.5, 1, 1, 2])))
        pitch = root * 2 ** (generator.choice(scale) / 12)
        note = _tone(length, np.full(length, pitch), generator) * _pluck(length, generator)
        wave[position : position + length] = note
        position += max(length, 1)
    return wave


def _chords(count: int, generator: np.random.Generator) -> Wave:
    wave, position = np.zeros(count), 0
    while position < count:
        length = min(count - position, int(SAMPLE_RATE * generator.uniform(0.4, 2.5)))
        root = generator.uniform(80, 500)
        for step in generator.choice([[0, 4, 7], [0, 3, 7], [0, 4, 7, 11], [0, 5, 12]][generator.integers(2)], 3):
            wave[position : position + length] += _tone(
                length, np.full(length, root * 2 ** (step / 12)), generator
            ) * _pluck(length, generator)
        position += max(length, 1)
    return wave


def _drums(count: int, generator: np.random.Generator) -> Wave:
    wave, gap = np.zeros(count), int(SAMPLE_RATE * generator.uniform(0.12, 0.6))
    for start in range(0, count, gap):
        length = min(count - start, int(SAMPLE_RATE * generator.uniform(0.03, 0.3)))
        time = np.arange(length) / SAMPLE_RATE
        body = np.sin(2 * np.pi * generator.uniform(50, 300) * time) * generator.uniform(0, 1)
        hit = body + generator.standard_normal(length) * generator.uniform(0.05, 1)
        wave[start : start + length] += hit * np.exp(-time * generator.uniform(12, 80)) * generator.uniform(0.2, 1)
    return wave


def _glides(count: int, generator: np.random.Generator) -> Wave:
    """Sliding tones with pauses: sirens, animals, whistles."""
    points = max(4, count // int(SAMPLE_RATE * generator.uniform(0.3, 1.5)))
    pitch = 2 ** generator.uniform(np.log2(100), np.log2(2500), points)
    track = np.interp(np.arange(count), np.linspace(0, count, points), pitch)
    return _tone(count, track, generator) * _swell(count, generator) ** 2


def _clicks(count: int, generator: np.random.Generator) -> Wave:
    wave = generator.standard_normal(count) * 0.003
    places = generator.integers(0, count, int(count / SAMPLE_RATE * generator.uniform(1, 12)) + 1)
    wave[places] = generator.uniform(-1, 1, len(places))
    return np.convolve(wave, np.exp(-np.arange(200) / generator.uniform(3, 60)), "same")


def _near_silence(count: int, generator: np.random.Generator) -> Wave:
    return generator.standard_normal(count) * 1e-3 if generator.random() < 0.7 else np.zeros(count)


SOURCES: tuple[Source, ...] = (
    _noise, _noise, _noise, _hum, _melody, _melody, _chords, _chords, _drums, _glides, _clicks, _near_silence,
)  # fmt: skip


def _tone(count: int, pitch: Wave, generator: np.random.Generator) -> Wave:
    """A harmonic tone that follows `pitch` (Hz for each sample), with vibrato and random overtones."""
    vibrato = 1 + generator.uniform(0, 0.012) * np.sin(
        2 * np.pi * generator.uniform(4, 7) * np.arange(count) / SAMPLE_RATE
    )
    phase = np.cumsum(2 * np.pi * pitch * vibrato / SAMPLE_RATE)
    fall = generator.uniform(0.5, 2.5)
    wave = np.zeros(count)
    for overtone in range(1, int(generator.integers(1, 9)) + 1):
        audible = pitch * overtone < SAMPLE_RATE / 2
        wave += audible * np.sin(overtone * phase) * generator.uniform(0.2, 1) / overtone**fall
    return wave


def _pluck(count: int, generator: np.random.Generator) -> Wave:
    time = np.arange(count) / SAMPLE_RATE
    attack = np.minimum(1, time / generator.uniform(0.003, 0.12))
    return np.asarray(attack * np.exp(-time * generator.uniform(0.2, 8)))


def _swell(count: int, generator: np.random.Generator) -> Wave:
    points = max(3, count // int(SAMPLE_RATE * generator.uniform(0.2, 2)))
    return np.interp(np.arange(count), np.linspace(0, count, points), generator.uniform(0, 1, points))


def _in_a_room(wave: Wave, generator: np.random.Generator) -> Wave:
    decay = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    response = generator.standard_normal(len(decay)) * np.exp(-decay * generator.uniform(8, 40))
    size = 1 << (len(wave) + len(response)).bit_length()  # any other size may take many times as long
    wet = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(response, size), size)[: len(wave)]
    return np.asarray(_unit(wave) + _unit(wet) * generator.uniform(0.1, 0.8))


def _unit(wave: Wave) -> Wave:
    peak = float(np.abs(wave).max(initial=0.0))
    return wave / peak if peak > 0 else wave


if __name__ == "__main__":
    main()
