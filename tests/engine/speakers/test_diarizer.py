"""From sound to turns, with a model whose voices are tones: the way the parts work together, not how well it hears."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from app.domain.speakers import SpeakerTurn
from app.engine import SAMPLE_RATE, Waveform
from app.engine.speakers.clustering import BLOCK, cluster
from app.engine.speakers.diarizer import diarize, sounds_in
from tests.engine.speakers.voices import PitchModel, tones

Turns = Sequence[tuple[float, float, int]]
ALTERNATING: Turns = [(1 + 4 * number, 4.8 + 4 * number, 1 + number % 2) for number in range(10)]


def diarized(turns: Turns, seconds: float, wanted: int | None = None) -> tuple[SpeakerTurn, ...]:
    samples = tones(turns, seconds)

    def read(start: float, end: float) -> Waveform:
        return samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]

    spans = [(start, end) for start, end, _ in turns]
    return diarize(read, seconds, spans, PitchModel(), wanted).turns


def assert_like(found: Sequence[SpeakerTurn], turns: Turns) -> None:
    assert [turn.speaker for turn in found] == [person for _, _, person in turns]
    for turn, (start, end, _) in zip(found, turns, strict=True):
        assert turn.start == pytest.approx(start, abs=0.1)
        assert turn.end == pytest.approx(end, abs=0.1)


def test_two_voices_in_turns_are_two_speakers_with_their_times():
    assert_like(diarized(ALTERNATING, 42), ALTERNATING)


def test_one_voice_is_one_speaker():
    turns = [(1.0, 9.0, 1), (11.0, 19.0, 1), (21.0, 29.0, 1)]
    assert {turn.speaker for turn in diarized(turns, 30)} == {1}


def test_a_voice_that_goes_on_without_a_pause_is_cut_where_it_changes():
    turns = [(1.0, 6.0, 1), (6.0, 11.0, 2), (11.0, 16.0, 1), (16.0, 21.0, 2)]
    assert_like(diarized(turns, 22), turns)


def test_where_two_speak_at_once_both_have_a_turn():
    turns = [*ALTERNATING, (41.0, 46.0, 1), (44.0, 49.0, 2)]
    last = diarized(turns, 50)[-2:]
    assert {turn.speaker for turn in last} == {1, 2}
    assert last[0].end - last[1].start == pytest.approx(2.0, abs=0.3)


def test_speakers_are_counted_in_the_order_they_are_heard():
    turns = [(1.0, 4.0, 3), (5.0, 8.0, 1), (9.0, 12.0, 2)] * 1
    later = [(start + 12 * lap, end + 12 * lap, person) for lap in range(3) for start, end, person in turns]
    found = diarized(later, 38)
    assert [turn.speaker for turn in found] == [1, 2, 3] * 3


def test_a_known_number_is_kept_to():
    turns = [(1 + 3 * number, 3.5 + 3 * number, 1 + number % 4) for number in range(16)]
    assert len({turn.speaker for turn in diarized(turns, 52, 4)}) == 4
    assert len({turn.speaker for turn in diarized(turns, 52, 2)}) == 2


@pytest.mark.parametrize("turns", [[], [(1.0, 1.1, 1)]])
def test_without_a_voice_there_are_no_turns(turns: Turns):
    assert diarized(turns, 5) == ()


def test_a_short_recording_has_turns():
    assert_like(diarized([(0.2, 1.6, 1)], 2), [(0.2, 1.6, 1)])


def test_sounds_cover_a_stretch_evenly():
    sounds = list(sounds_in((10.0, 14.3)))
    assert sounds[0][0] == 10.0
    assert sounds[-1][1] == pytest.approx(14.3, abs=0.01)
    assert all(end - start == pytest.approx(1.5) for start, end in sounds)
    assert max(after[0] - before[0] for before, after in pairwise(sounds)) <= 0.51


def test_more_embeddings_than_a_block_share_their_voices():
    random = np.random.default_rng(1)
    voices = np.eye(32, dtype=np.float32)[:3]
    owners = random.integers(0, 3, 2 * BLOCK + 100)
    embeddings = voices[owners] + 0.05 * random.standard_normal((len(owners), 32)).astype(np.float32)
    found = cluster(embeddings, np.full(len(owners), 1.5, dtype=np.float32))
    assert len(found.centres) == 3
    assert all(len(set(found.labels[owners == owner].tolist())) == 1 for owner in range(3))


def test_on_the_telephone_a_voice_with_many_moods_is_one_beside_a_quiet_one():
    random = np.random.default_rng(2)
    line, talker, other, *moods = np.eye(64, dtype=np.float32)[:7]
    voices = [*(line + talker + 0.45 * mood for mood in moods), line + other]
    owners = np.repeat(np.arange(5), 40)
    embeddings = np.stack(voices)[owners] + 0.02 * random.standard_normal((len(owners), 64)).astype(np.float32)

    found = cluster(embeddings, np.full(len(owners), 1.5, dtype=np.float32))

    assert len(found.centres) == 2
    assert len(set(found.labels[owners < 4].tolist())) == 1
