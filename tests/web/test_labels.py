"""Every code shown on a page has a label, and both languages of a page write it alike."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.languages import LANGUAGES
from app.domain.options import VadOptions
from app.domain.sources import Source
from app.domain.states import JobState
from app.domain.transcript import Applied
from app.i18n import translator
from app.web.answers.receipts import receipt_answer
from app.web.labels import LABELS, labels_in
from app.web.templating import _environment
from tests.examples import examples


def test_every_state_source_and_language_has_a_label() -> None:
    assert set(JobState) <= set(LABELS["job_state"])
    assert set(LANGUAGES) <= set(LABELS["language"])
    assert set(Source) == set(LABELS["source"])


def test_labels_are_in_the_language_of_the_reader() -> None:
    assert labels_in("zh")["quality"]["fast"] == "快速"
    assert labels_in("en")["quality"]["fast"] == "Fast"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (VadOptions(), "Silero，阈值 0.7；停顿 0.7 秒即断开；每个片段最长 30 秒"),
        (VadOptions(detector="webrtcvad", mode=3, min_silence_ms=1250), "webrtcvad，严格程度 3（最高 3）；停顿 1.25 秒即断开；每个片段最长 30 秒"),
    ],
)  # fmt: skip
def test_a_receipt_tells_of_the_speech_detection_in_words(options: VadOptions, words: str) -> None:
    (line,) = receipt_answer([Applied("vad", options.summary, options.summary)], translator("zh"))

    assert (line.asked, line.applied) == (words, words)


def test_a_receipt_of_an_earlier_version_is_worded_too() -> None:
    (line,) = receipt_answer([Applied("vad", "mode 2, 30 ms, silence 700 ms", "asked elsewhere")], str)

    assert line.asked == "webrtcvad, strictness 2 of 3; a pause of 0.7 s ends a segment"
    assert line.applied == "asked elsewhere"


@pytest.mark.parametrize("example", examples("option_values"), ids=str)
def test_the_value_of_an_option_is_written_as_the_pages_write_it(example: dict[str, Any]) -> None:
    macros: Any = _environment("en").get_template("macros/wording.html").module

    assert str(macros.option_value(example["name"], example["value"])) == example["shown"]
