"""Every moment of a recording has its text, or exactly one rule that explains why not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from app.domain.edits import Edit, Piece
from app.domain.errors.inference import OutOfMemory
from app.domain.speech import DroppedSpan, Rule, SpeechReport, SpeechSpan
from app.domain.transcription import SegmentRecord
from app.services.missing_text import Missing, Why, missing_in_report, missing_in_transcription
from app.services.vad.texts import StretchText, stretch_of

#      0 quiet 1 speech 3 noise 4 speech 6 short 6.5 quiet 8
REPORT = SpeechReport(
    spans=(SpeechSpan(1.0, 3.0), SpeechSpan(4.0, 6.0)),
    dropped=(
        DroppedSpan(0.0, 1.0, Rule.TOO_QUIET),
        DroppedSpan(3.0, 4.0, Rule.NOT_SPEECH),
        DroppedSpan(6.0, 6.5, Rule.TOO_SHORT),
        DroppedSpan(6.5, 8.0, Rule.TOO_QUIET),
    ),
)
DROPPED = [
    (0.0, 1.0, "too_quiet"),
    (3.0, 4.0, "not_speech"),
    (6.0, 6.5, "too_short"),
    (6.5, 8.0, "too_quiet"),
]


def segment(start: float, end: float, text: str = "text", **values: object) -> SegmentRecord:
    made = SegmentRecord(start, end, text, text, 0.9, index=0, state="done")
    return replace(made, **values)  # type: ignore[arg-type]


def told(found: list[Missing]) -> list[tuple[float, float, str]]:
    return [(round(each.start, 3), round(each.end, 3), str(each.why)) for each in found]


def test_what_was_cut_away_has_the_rule_of_the_detection() -> None:
    found = missing_in_transcription([segment(1, 3), segment(4, 6)], REPORT)

    assert told(found) == DROPPED


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"dropped": "unsure"}, "unsure"),
        ({"dropped": "no_speech"}, "no_speech"),
        ({}, "nothing_heard"),
        ({"state": "pending"}, "pending"),
        ({"state": "failed", "error": OutOfMemory(detail="2 GB").problem}, "failed"),
    ],
)
def test_a_segment_without_text_has_the_rule_that_it_met(values: dict[str, object], why: str) -> None:
    found = missing_in_transcription([segment(1, 3, "", **values), segment(4, 6)], REPORT)

    [own] = [each for each in found if (each.start, each.end) == (1, 3)]
    assert own.why == why
    assert own.error == values.get("error")
    assert told([each for each in found if each is not own]) == DROPPED


def test_what_a_person_wrote_in_place_of_a_segment_is_its_text() -> None:
    segments = [segment(1, 3, "", dropped="unsure"), segment(4, 6, "", index=1)]
    written = Edit(0, 0, (Piece(1.0, 3.0, "by hand", "", ()),))
    deleted = Edit(1, 1, (Piece(4.0, 6.0, "", "", ()),))

    found = missing_in_transcription(segments, REPORT, [written, deleted])

    assert told(found) == sorted([*DROPPED, (4.0, 6.0, "nothing_heard")])


def test_speech_that_no_segment_covers_was_cut_with_other_settings() -> None:
    """A live session ends its segments by its own rules."""
    found = missing_in_transcription([segment(1.5, 2.0), segment(4, 6)], REPORT)

    assert (1.0, 1.5, "other_settings") in told(found)
    assert (2.0, 3.0, "other_settings") in told(found)


def test_a_segment_that_reaches_into_the_noise_covers_its_part_of_it() -> None:
    found = missing_in_transcription([segment(0.5, 3.25), segment(3.75, 8)], REPORT)

    assert told(found) == [(0.0, 0.5, "too_quiet"), (3.25, 3.75, "not_speech")]


def test_two_channels_that_speak_at_once_are_counted_once() -> None:
    found = missing_in_transcription(
        [segment(1, 3, channel=1), segment(2, 6, channel=2), segment(4, 5, channel=1)], REPORT
    )

    assert told(found) == [
        (0.0, 1.0, "too_quiet"),
        (6.0, 6.5, "too_short"),
        (6.5, 8.0, "too_quiet"),
    ]


def test_without_any_segment_everything_is_accounted_for() -> None:
    found = missing_in_transcription([], REPORT)

    assert [each.start for each in found] == [0.0, 1.0, 3.0, 4.0, 6.0, 6.5]
    assert sum(each.seconds for each in found) == pytest.approx(8.0)


def test_no_moment_is_told_twice_or_forgotten_however_the_segments_lie() -> None:
    random = np.random.default_rng(7)
    for _ in range(200):
        cuts = np.sort(random.uniform(0, 8, 2 * random.integers(0, 6)))
        segments = [
            segment(float(start), float(end), "text" if random.random() < 0.6 else "")
            for start, end in cuts.reshape(-1, 2)
        ]

        found = missing_in_transcription(segments, REPORT)

        spoken = [(each.start, each.end) for each in segments if each.text]
        covered = sorted([*spoken, *((each.start, each.end) for each in found)])
        gaps = [after[0] - before[1] for before, after in pairwise(covered)]
        assert max(map(abs, gaps), default=0) < 0.03  # what is shorter than a frame is not told
        assert covered[0][0] < 0.03
        assert covered[-1][1] > 7.97


def test_pieces_of_a_detection_are_told_once_they_were_read_without_a_text() -> None:
    first, second = map(stretch_of, REPORT.spans)

    assert told(missing_in_report(REPORT, {})) == DROPPED
    waiting = missing_in_report(REPORT, {first: StretchText("waiting"), second: StretchText("done", "text")})
    assert told(waiting) == DROPPED
    failed = StretchText("failed", error=OutOfMemory(detail="2 GB").problem)
    found = missing_in_report(REPORT, {first: StretchText("done", dropped="unsure"), second: failed})
    assert told(found) == sorted([*DROPPED, (1.0, 3.0, "unsure"), (4.0, 6.0, "failed")])
    assert [each.error for each in found if each.why is Why.FAILED] == [failed.error]
