"""The state machine of speech and silence, on drawn input: `#` is a frame of speech, `.` one of silence."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from app.engine.vad.grouping import FrameSpan, SpeechGrouper


def grouped(drawing: str, *, levels=None, min_speech=1, min_silence=3, max_span=100, quiet_window=1) -> list[FrameSpan]:
    grouper = SpeechGrouper(
        min_speech=min_speech, min_silence=min_silence, max_span=max_span, quiet_window=quiet_window
    )
    levels = levels or [5.0 if frame == "#" else 1.0 for frame in drawing]
    spans = [grouper.add(frame == "#", level) for frame, level in zip(drawing, levels, strict=True)]
    return [span for span in [*spans, grouper.finish()] if span]


def edges(spans: list[FrameSpan]) -> list[tuple[int, int]]:
    return [(span.first, span.end) for span in spans]


def test_the_example_of_the_docstring_holds():
    assert edges(grouped("..####..##...#..############...", max_span=8)) == [(2, 10), (13, 21), (21, 28)]


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        ("", []),
        ("......", []),
        ("###", [(0, 3)]),
        ("###.", [(0, 3)]),
        ("###..", [(0, 3)]),
        ("###...", [(0, 3)]),
        ("#..#", [(0, 4)]),
        ("#...#", [(0, 1), (4, 5)]),
        ("...#", [(3, 4)]),
    ],
)
def test_silence_ends_a_span_where_it_began(drawing, expected):
    assert edges(grouped(drawing)) == expected


def test_a_span_is_handed_out_as_soon_as_silence_has_ended_it():
    grouper = SpeechGrouper(min_speech=1, min_silence=2, max_span=100)
    spans = [grouper.add(frame == "#", 1.0) for frame in "##..."]
    assert spans == [None, None, None, FrameSpan(0, 2), None]
    assert grouper.finish() is None


def test_too_little_speech_is_marked_and_silence_inside_does_not_count():
    spans = grouped("##...####...#..#...", min_speech=3)
    assert [span.too_short for span in spans] == [True, False, True]


def test_over_long_speech_is_cut_where_its_later_half_is_quietest():
    levels = [9.0] * 20
    levels[2] = 0.0  # quieter, but in the earlier half
    levels[7] = 1.0
    spans = grouped("#" * 20, levels=levels, max_span=10)
    assert edges(spans)[0] == (0, 8)


def test_the_quietest_point_is_sought_over_a_window():
    levels = [9.0] * 20
    levels[6] = 0.0  # one quiet frame: the closure of a consonant
    levels[8:11] = [2.0, 2.0, 2.0]  # a short pause
    spans = grouped("#" * 20, levels=levels, max_span=12, quiet_window=3)
    assert edges(spans)[0] == (0, 10)


def test_what_was_heard_before_a_cut_counts_for_the_next_one():
    levels = [9.0] * 20
    levels[6], levels[12], levels[18] = 1.0, 1.0, 0.0
    spans = grouped("#" * 20, levels=levels, max_span=10)
    assert edges(spans) == [(0, 7), (7, 13), (13, 20)]


def test_a_full_span_that_pauses_ends_at_its_pause():
    assert edges(grouped("########..####", max_span=9)) == [(0, 8), (10, 14)]


def test_the_rest_of_cut_speech_is_never_too_short():
    spans = grouped("#" * 11, max_span=10, min_speech=5)
    assert edges(spans) == [(0, 10), (10, 11)]
    assert not any(span.too_short for span in spans)


@pytest.mark.parametrize("seed", range(50))
def test_no_speech_is_lost_nothing_overlaps_and_nothing_is_too_long(seed):
    chance = random.Random(seed)
    stay = chance.choice([0.5, 0.9, 0.99])
    drawing = "#"
    while len(drawing) < 2000:
        drawing += drawing[-1] if chance.random() < stay else "#."[drawing[-1] == "#"]
    max_span = chance.randint(2, 60)
    levels = [chance.random() for _ in drawing]
    spans = grouped(
        drawing,
        levels=levels,
        max_span=max_span,
        min_silence=chance.randint(1, 20),
        quiet_window=chance.randint(1, 15),
    )

    covered = {frame for first, end in edges(spans) for frame in range(first, end)}
    assert {frame for frame, drawn in enumerate(drawing) if drawn == "#"} <= covered
    assert all(0 < end - first <= max_span for first, end in edges(spans))
    assert all(left.end <= right.first for left, right in pairwise(spans))
    assert all(drawing[span.first] == "#" or span.first == previous.end for previous, span in pairwise(spans))
