"""Voices that are told apart while somebody speaks."""

from __future__ import annotations

import numpy as np

from app.engine import SAMPLE_RATE, Waveform
from app.engine.speakers import Embeddings
from app.engine.speakers.online import MOST_SOUNDS, OnlineVoices, voice_of_piece
from tests.engine.speakers.voices import PitchModel, tones


def at(degrees: float, dimension: int = 1) -> Embeddings:
    """Return a voice that is so far away from the first one, in the direction of a dimension."""
    unit = np.zeros(8, dtype=np.float32)
    unit[0], unit[dimension] = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return unit


def told_apart(voices: OnlineVoices, pieces: list[tuple[Embeddings, float]]) -> dict[int, int]:
    labels: dict[int, int] = {}
    for number, (unit, seconds) in enumerate(pieces):
        labels |= voices.add(number, unit, seconds)
    return labels


def test_voices_that_alternate_keep_their_numbers():
    pieces = [(at(angle), 2.0) for angle in (0, 90, 10, 80, 5)]
    assert list(told_apart(OnlineVoices(), pieces).values()) == [1, 2, 1, 2, 1]


def test_parts_that_grow_alike_are_one_voice_and_earlier_pieces_change():
    voices = OnlineVoices()
    assert told_apart(voices, [(at(0), 1.5), (at(70), 1.5), (at(90, 2), 4.0)]) == {0: 1, 1: 2, 2: 3}
    assert voices.add(3, at(34), 4.0) == {1: 1, 3: 1}
    assert voices.add(4, at(90, 3), 2.0) == {4: 2}, "the number is free again"


def test_a_short_piece_takes_the_nearest_voice_and_changes_none():
    voices = OnlineVoices()
    told_apart(voices, [(at(0), 2.0), (at(90), 2.0)])
    assert voices.add(2, at(90, 2), 0.5)[2] in (1, 2)
    assert voices.add(3, at(90, 2), 2.0) == {3: 3}, "nobody has taken on what was short"


def test_no_more_voices_than_wanted():
    voices = OnlineVoices(2)
    assert told_apart(voices, [(at(0), 2.0), (at(65), 2.0)]) == {0: 1, 1: 2}
    assert voices.add(2, at(75, 2), 2.0) == {2: 1}, "the nearest one"


def test_the_voice_of_a_long_piece_is_that_of_a_few_sounds_and_a_blink_has_none():
    sounds = tones([(0.0, 20.0, 1), (20.0, 40.0, 2)], 40.0)
    read_spans: list[float] = []

    def read(start: float, end: float) -> Waveform:
        read_spans.append(end - start)
        return sounds[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]

    first, second = (voice_of_piece(read, span, PitchModel()) for span in ((0.0, 20.0), (20.0, 22.0)))
    assert first is not None
    assert second is not None
    assert first @ second < 0.3
    assert len(read_spans) <= 2 * MOST_SOUNDS
    assert voice_of_piece(read, (0.0, 0.2), PitchModel()) is None
