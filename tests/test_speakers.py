"""Segments by speaker: cut where the speaker changes, and unchanged otherwise."""

from __future__ import annotations

from app.domain.speakers import SpeakerTurn, by_first_heard, with_speakers
from app.domain.transcript import Segment, Word


def words(text: str, start: float, step: float = 0.5) -> tuple[Word, ...]:
    return tuple(
        Word(word, start + number * step, start + (number + 1) * step, 0.9) for number, word in enumerate(text.split())
    )


def segment(text: str, start: float, end: float) -> Segment:
    found = words(text, start)
    return Segment(start, end, text, text, 0.9, found)


TURNS = (SpeakerTurn(0.0, 2.0, 1), SpeakerTurn(2.1, 4.0, 2), SpeakerTurn(8.0, 9.0, 1))


def test_a_segment_of_one_speaker_stays_as_it_is():
    [found] = with_speakers([segment("good morning all", 0.2, 1.9)], TURNS)
    assert (found.speaker, found.text, found.start, found.end) == (1, "good morning all", 0.2, 1.9)


def test_a_segment_is_cut_where_the_speaker_changes():
    first, second = with_speakers([segment("how are you ? Fine and you ?", 0.0, 4.1)], TURNS)
    assert (first.speaker, first.text, first.start, first.end) == (1, "how are you?", 0.0, 2.0)
    assert (second.speaker, second.text, second.start, second.end) == (2, "Fine and you?", 2.0, 4.1)
    assert [word.text for word in first.words + second.words] == ["how", "are", "you", "?", "Fine", "and", "you", "?"]


def test_chinese_is_cut_without_spaces():
    spoken = Segment(1.0, 3.0, "你好我很好", "你好我很好", 0.9, words("你 好 我 很 好", 1.2, 0.45))
    first, second = with_speakers([spoken], TURNS)
    assert (first.text, second.text) == ("你好", "我很好")


def test_a_segment_without_words_goes_to_who_speaks_most_of_it():
    [found] = with_speakers([Segment(1.5, 4.0, "mostly the second", "mostly the second")], TURNS)
    assert (found.speaker, found.text) == (2, "mostly the second")


def test_a_word_in_a_pause_goes_to_the_nearest_turn():
    [found] = with_speakers([segment("hm", 7.2, 7.7)], TURNS)
    assert found.speaker == 1


def test_a_long_turn_is_found_behind_many_short_ones():
    turns = (SpeakerTurn(0.0, 60.0, 1), *(SpeakerTurn(10 + number, 10.2 + number, 2) for number in range(30)))
    [found] = with_speakers([segment("still talking", 45.0, 46.0)], turns)
    assert found.speaker == 1


def test_without_turns_no_segment_has_a_speaker():
    said = segment("good morning", 0.0, 1.0)
    assert with_speakers([said], ()) == (said,)


def test_speakers_are_numbered_as_they_are_first_heard():
    found = by_first_heard([SpeakerTurn(5, 6, 0), SpeakerTurn(1, 2, 7), SpeakerTurn(3, 4, 0)])
    assert [(turn.start, turn.speaker) for turn in found] == [(1, 1), (3, 2), (5, 2)]


def test_a_turn_survives_being_stored():
    turn = SpeakerTurn(1.25, 2.5, 3, 0.75)
    assert SpeakerTurn.from_stored(turn.to_stored()) == turn
