import pytest

from app.engine.tokens.words import FrameTimes
from training.alignment import IGNORED, frame_targets, padded_targets, token_spans, unit_targets
from training.espeak import Mark


def test_each_token_lasts_from_its_mark_to_the_next_word_or_pause() -> None:
    marks = [Mark(0, 0), Mark(300, 1), Mark(600, None), Mark(900, 3)]
    assert token_spans("你好，吗", marks, 1200) == (0, 300, 300, 600, 900, 1200)


def test_words_that_the_synthesiser_joins_share_their_time_by_length() -> None:
    marks = [Mark(0, 0), Mark(400, 3)]
    assert token_spans("go in the", marks, 1000) == (0, 400, 400, 640, 640, 1000)


def test_without_marks_nothing_is_known() -> None:
    assert token_spans("你好", [], 500) == ()


def test_frames_name_the_token_at_their_centre_and_blank_elsewhere() -> None:
    assert frame_targets((0, 240, 240, 400), [[5], [6]], 0.0, 7) == [5, 5, 6, 6, 0, 0, 0]


def test_silence_before_moves_the_targets() -> None:
    assert frame_targets((0, 240), [[5]], 160.0, 6) == [0, 5, 5, 5, 0, 0]


def test_pieces_share_the_time_of_their_word() -> None:
    assert frame_targets((0, 480), [[5, 6]], 0.0, 6) == [5, 5, 6, 6, 6, 0]


def test_a_blank_parts_equal_neighbours() -> None:
    assert frame_targets((0, 320, 320, 640), [[5], [5]], 0.0, 8) == [5, 5, 5, 0, 5, 5, 5, 0]


def test_padding_is_ignored() -> None:
    assert padded_targets([[1, 2], [3]], 3).tolist() == [[1, 2, IGNORED], [3, IGNORED, IGNORED]]


@pytest.mark.parametrize(
    ("middles_ms", "units", "expected"),
    [
        ((100, 260), (5, 6), [0, 5, 5, 5, 0, 6, 6, 6, 0, 0]),
        ((100, 180), (5, 6), [0, 5, 5, 6, 6, 6, 0, 0, 0, 0]),
        ((100, 140), (5, 5), [0, 5, 5, 0, 5, 5, 0, 0, 0, 0]),
        ((100, 100), (5, 6), [0, 5, 5, 6, 6, 0, 0, 0, 0, 0]),
        ((340, 380), (5, 6), [0, 0, 0, 0, 0, 0, 0, 5, 5, 6]),
        ((), (), [0] * 10),
    ],
)
def test_frames_around_the_middle_of_a_unit_name_it(
    middles_ms: tuple[int, ...], units: tuple[int, ...], expected: list[int]
) -> None:
    assert unit_targets(middles_ms, units, 0.0, 10, FrameTimes(0.02, 0.04)) == expected
