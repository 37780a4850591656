"""A finished segment becomes the same record, row and transcript through every interface."""

from __future__ import annotations

import pytest

from app.domain.errors.base import Reason
from app.domain.hotwords import Hotword
from app.domain.options import RecognitionOptions
from app.domain.reasons import NO_SPEECH, NOT_UNDERSTOOD, plain_reason
from app.domain.speech import SpeechSpan
from app.domain.transcript import HotwordStatus, Transcript, Word
from app.domain.transcription import SegmentRecord
from app.engine import Hypothesis
from app.services.transcriptions.segment_store import assemble, recognised_segment

QUIET = plain_reason("It is quiet.")
OPTIONS = RecognitionOptions(language="en", hotwords=(Hotword("level"), Hotword("label")))


def transcript_of(*segments: SegmentRecord) -> Transcript:
    return assemble(segments, OPTIONS, duration=9.0, model="echo", device="cpu", receipt=(), warnings=(QUIET,))


def heard(text: str, dropped: str = "") -> SegmentRecord:
    word = Word(text, 0.5, 1.0, 0.9)
    hypothesis = Hypothesis(text, text.lower(), 0.9, dropped, (word,) if text else (), foreign_share=0.1)
    return recognised_segment(0, SpeechSpan(2.0, 4.0, channel=2), hypothesis)


def test_a_hypothesis_becomes_a_record_with_times_of_the_recording() -> None:
    record = heard("Level")

    assert (record.start, record.end, record.channel, record.state) == (2.0, 4.0, 2, "done")
    assert (record.words[0].start, record.words[0].end) == (2.5, 3.0)
    assert record.foreign_share == 0.1


def test_a_transcript_says_what_became_of_the_hotwords() -> None:
    transcript = transcript_of(heard("Level"), heard(""))

    assert (transcript.text, transcript.language, transcript.warnings) == ("Level", "en", (QUIET,))
    assert [each.status for each in transcript.hotwords] == [HotwordStatus.MATCHED, HotwordStatus.NOT_HEARD]


@pytest.mark.parametrize(
    ("dropped", "warning"),
    [((), NO_SPEECH), (("", "no_speech"), NO_SPEECH), (("no_speech", "unsure"), NOT_UNDERSTOOD)],
)
def test_a_recording_without_text_says_why(dropped: tuple[str, ...], warning: Reason) -> None:
    transcript = transcript_of(*(heard("", reason) for reason in dropped))

    assert transcript.warnings == (QUIET, warning)
