"""Doubtful turns, and those that follow when one is decided: voices are directions with a little noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from app.domain.speakers import Speakers, SpeakerTurn
from app.engine.speakers import Embeddings
from app.engine.speakers.doubts import MOST_DOUBTS, assigned_anew, doubtful_turns
from app.engine.speakers.turn_embeddings import MOST_TURNS, TurnEmbeddings, turn_embeddings

VOICES = np.eye(192, dtype=np.float32)[:4]


def voices(people: Sequence[int | tuple[int, int]]) -> Embeddings:
    """Return what somebody sounds like, or in a pair somebody who is nearly as much like another one."""
    random = np.random.default_rng(5)
    pure = [VOICES[each] if isinstance(each, int) else VOICES[each[0]] + 0.9 * VOICES[each[1]] for each in people]
    noisy = np.stack(pure) + 0.02 * random.standard_normal((len(pure), 192))
    return (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)


def meeting(
    labels: Sequence[int], people: Sequence[int | tuple[int, int]], seconds: float = 4.0
) -> tuple[Speakers, TurnEmbeddings]:
    """Return turns with these labels, of which each is said by one of `people`."""
    turns = tuple(SpeakerTurn(5.0 * place, 5.0 * place + seconds, label) for place, label in enumerate(labels))
    heard = turn_embeddings(turns, [(turn.start, turn.end) for turn in turns], voices(people))
    return Speakers(turns), TurnEmbeddings.from_bytes(heard.to_bytes())


def labels_of(speakers: Speakers) -> list[int]:
    return [turn.speaker for turn in speakers.turns]


def test_the_turn_with_the_wrong_label_is_asked_about_first():
    speakers, heard = meeting([1, 2, 1, 2, 1, 2, 1], [0, 1, 0, 1, 1, 1, 0])

    first, *rest = doubtful_turns(speakers, heard)

    assert (first.turn, first.others) == (speakers.turns[4], (2,))
    assert not rest


def test_the_likeliest_of_the_others_comes_first():
    speakers, heard = meeting([1, 2, 3, 1, 2, 3, 1, 4], [0, 1, 2, 0, 1, 2, (0, 2), 3])
    [doubt] = [each for each in doubtful_turns(speakers, heard) if each.turn.start == 30.0]
    assert doubt.others[0] == 3
    assert set(doubt.others) == {2, 3, 4}


def test_of_two_doubtful_turns_the_longer_one_comes_first():
    speakers, heard = meeting([1, 2] * 4 + [1, 1], [0, 1] * 4 + [(0, 1), (0, 1)])
    turns = (*speakers.turns[:8], SpeakerTurn(40.0, 41.0, 1), SpeakerTurn(45.0, 49.0, 1))
    embeddings = TurnEmbeddings(np.array([(turn.start, turn.end) for turn in turns], dtype=np.float32), heard.units)
    found = doubtful_turns(Speakers(turns), embeddings)
    assert [each.turn.start for each in found] == [45.0, 40.0]


def test_what_was_decided_is_not_asked_again():
    speakers, heard = meeting([1, 2, 1, 2, 1, 2], [0, 1, 0, 1, (0, 1), 1])
    assert [each.turn.start for each in doubtful_turns(speakers, heard)] == [20.0]
    assert doubtful_turns(speakers.decided(4, 1), heard) == []


@pytest.mark.parametrize("labels", [[], [1, 1, 1]])
def test_where_nobody_could_be_meant_instead_there_is_no_doubt(labels: list[int]):
    turns = tuple(SpeakerTurn(5.0 * place, 5.0 * place + 4, label, 0.1) for place, label in enumerate(labels))
    assert doubtful_turns(Speakers(turns), None) == []


def test_few_are_asked_about_at_a_time():
    speakers, heard = meeting([1, 2] * 30, [0, 1] * 10 + [(0, 1), (1, 0)] * 20)
    assert len(doubtful_turns(speakers, heard)) == MOST_DOUBTS


def test_without_the_voices_the_likeness_of_the_turns_tells():
    turns = (SpeakerTurn(0, 4, 1, 0.9), SpeakerTurn(5, 9, 2, 0.2), SpeakerTurn(10, 14, 2, 0.1), SpeakerTurn(15, 30, 3))
    found = doubtful_turns(Speakers(turns), None)
    assert [(each.turn.start, each.others) for each in found] == [(10, (3, 1)), (5, (3, 1))]


def test_turns_of_the_same_voice_follow_a_decision():
    speakers, heard = meeting([1, 2, 1, 1, 1, 2, 1], [0, 1, 0, 2, 2, 1, 2])
    assert labels_of(assigned_anew(speakers, speakers.decided(3, 3), heard)) == [1, 2, 1, 3, 3, 2, 3]


def test_a_voice_that_was_taken_for_two_is_one_after_a_decision():
    speakers, heard = meeting([1, 2, 3, 1, 2, 3, 1, 2, 3], [0, 1, 1, 0, 1, 1, 0, 1, 1])
    assert labels_of(assigned_anew(speakers, speakers.decided(2, 2), heard)) == [1, 2, 2, 1, 2, 2, 1, 2, 2]


def test_turns_with_other_voices_stay_where_one_was_wrong():
    speakers, heard = meeting([1, 2, 2, 1, 2, 1], [0, 1, 0, 0, 1, 0])
    assert labels_of(assigned_anew(speakers, speakers.decided(2, 1), heard)) == [1, 2, 1, 1, 2, 1]


def test_a_speaker_of_two_turns_keeps_the_one_that_is_right():
    speakers, heard = meeting([1, 2, 2, 2, 1], [0, 1, 1, 1, 1])
    assert labels_of(assigned_anew(speakers, speakers.decided(4, 2), heard)) == [1, 2, 2, 2, 2]


def test_a_decision_stays_whatever_its_voice_is_like():
    speakers, heard = meeting([1, 2, 1, 2, 1, 2], [0, 1, 0, 1, 0, 1])
    assert labels_of(assigned_anew(speakers, speakers.decided(0, 2), heard))[0] == 2


def test_turns_without_a_voice_keep_their_speaker():
    speakers, heard = meeting([1, 2, 1, 2], [0, 1, 0, 1])
    unheard = Speakers((*speakers.turns, SpeakerTurn(90.0, 90.2, 2)))
    assert labels_of(assigned_anew(unheard, unheard, heard)) == [1, 2, 1, 2, 2]


def test_a_turn_that_was_cut_keeps_its_voice():
    speakers, heard = meeting([1, 2, 1, 2], [0, 1, 0, 1])
    cut = speakers.moved(11.0, 12.0, 2)
    assert heard.rows_of(cut.turns).tolist() == [0, 1, 2, 2, 2, 3]
    assert heard.rows_of([SpeakerTurn(4.0, 5.0, 1)]).tolist() == [-1]


def test_the_voices_of_ten_hours_are_small_and_alike_as_before():
    random = np.random.default_rng(1)
    people = random.integers(0, 4, MOST_TURNS + 100)
    units = VOICES[people] + 0.05 * random.standard_normal((len(people), 192)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    turns = [SpeakerTurn(place * 2.0, place * 2.0 + 1 + 0.5 * (place % 2), 1) for place in range(len(people))]

    stored = turn_embeddings(turns, [(turn.start, turn.end) for turn in turns], units).to_bytes()

    assert len(stored) < 1_000_000
    heard = TurnEmbeddings.from_bytes(stored)
    rows = heard.rows_of(turns[1::2][:200])
    likeness = heard.units[rows] @ heard.units[rows].T
    is_same = people[1::2][:200, None] == people[1::2][:200]
    assert likeness[is_same].min() > 0.6
    assert likeness[~is_same].max() < 0.3


def test_the_voices_of_a_recording_cannot_be_compared_with_those_of_another():
    _, one = meeting([1, 2, 1, 2] * 30, [0, 1, 0, 1] * 30)
    _, other = meeting([1, 2, 1, 2] * 30, [1, 0, 1, 0] * 30)
    assert one.units.shape[1] < VOICES.shape[1]
    same_place = (one.units * other.units).sum(1)
    assert np.median(np.abs(same_place)) > 0.9  # the coordinates are of each recording: they tell nothing of the person
