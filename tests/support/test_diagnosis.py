"""Each fault is reported with its evidence and its fix; a healthy run has no findings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain.hotwords import Hotword, unusable
from app.domain.options import TranscriptionOptions
from app.domain.reasons import SMALLER_BATCHES, plain_reason
from app.domain.transcript import Applied
from app.domain.transcription import SegmentRecord
from app.support.diagnosis import Finding, Run, diagnose, run_of
from tests.services.conftest import House
from tests.support.test_case import recognised

SOUND = {"loud_db": -20.0, "floor_db": -60.0, "clipped_share": 0.0, "band_drop_db": 15.0, "tones_share": 0.0}
HEALTHY = Run(
    options=TranscriptionOptions(language="zh"),
    recording={"sample_rate": 44_100, "channels": 1, "channel_levels": [-25.0], "sound": [SOUND]},
    duration=10.0,
    segments=[
        SegmentRecord(
            start=1.0,
            end=9.0,
            text="今天天气很好，我们去公园。",
            text_raw="今天天气很好我们去公园",
            confidence=0.9,
            index=0,
            state="done",
            foreign_share=0.02,
        )
    ],
    segments_total=1,
    receipt=(
        Applied("device", "auto", "cpu", plain_reason("no CUDA device was found")),
        Applied("language", "zh", "zh"),
    ),
    is_over=True,
    model="builtin",
)


def found(run: Run) -> dict[str, Finding]:
    return {finding.id: finding for finding in diagnose(run)}


def sounding(**measured: Any) -> Run:
    return replace(HEALTHY, recording=HEALTHY.recording | {"sound": [SOUND | measured]})


def saying(text: str, raw: str = "", confidence: float | None = 0.9, **changes: Any) -> Run:
    heard = replace(HEALTHY.segments[0], text=text, text_raw=raw or text, confidence=confidence, **changes)
    return replace(HEALTHY, segments=[heard])


def test_a_healthy_run_has_nothing_to_tell() -> None:
    assert diagnose(HEALTHY) == []
    assert diagnose(replace(HEALTHY, recording={}, is_over=False, segments=[])) == []
    assert diagnose(replace(HEALTHY, recording=HEALTHY.recording | {"music_share": 0.3})) == []


@pytest.mark.parametrize(
    ("id", "run"),
    [
        ("too_quiet", sounding(loud_db=-62.0)),
        ("clipped", sounding(clipped_share=0.03)),
        ("telephone", sounding(band_drop_db=75.0)),
        ("telephone", replace(HEALTHY, recording=HEALTHY.recording | {"sample_rate": 8000})),
        ("background", sounding(tones_share=0.1, floor_db=-38.0)),
        ("background", sounding(tones_share=0.01, floor_db=-34.0)),
        ("background", replace(HEALTHY, recording=HEALTHY.recording | {"music_share": 0.6})),
        (
            "silent_channel",
            replace(HEALTHY, recording=HEALTHY.recording | {"channel_levels": [-22.0, -120.0]}),
        ),
        ("wrong_language", saying("滋味", foreign_share=0.95)),
        ("wrong_language", saying("and so my fellow americans ask not what", foreign_share=None)),
        (
            "language_unknown",
            replace(HEALTHY, receipt=(Applied("language", "ja", "auto", plain_reason("not known")),)),
        ),
        ("mostly_silence", replace(HEALTHY, duration=400.0)),
        ("text_too_short", saying("嗯")),
        ("text_too_short", saying("", confidence=0.1, dropped="unsure")),
        ("unsure", saying("今天天气很好我们去公园", confidence=0.05)),
        ("figures_stayed_words", saying("一共三百五十二万六千元")),
        ("figures_stayed_words", saying("it was nineteen hundred and sixty one then we went home")),
        (
            "device_fallback",
            replace(HEALTHY, receipt=(Applied("device", "cuda", "cpu", plain_reason("No NVIDIA GPU")),)),
        ),
        (
            "dtype_fallback",
            replace(HEALTHY, receipt=(Applied("dtype", "float16", "float32", plain_reason("no halves")),)),
        ),
        ("memory_short", replace(HEALTHY, receipt=(Applied("batch", "60 s", "30 s", SMALLER_BATCHES),))),
    ],
)
def test_a_fault_is_named(id: str, run: Run) -> None:
    [finding] = diagnose(run)

    assert finding.id == id
    told = finding.explained()
    assert "{" not in told["fact"] + told["advice"]
    assert told["advice"]


def test_half_a_second_is_too_little_to_judge_the_kind_of_its_sound() -> None:
    short = replace(HEALTHY.segments[0], start=0.0, end=0.42)

    for measured in ({"band_drop_db": 75.0}, {"tones_share": 0.5, "floor_db": -20.0, "loud_db": -18.0}):
        long_run = sounding(**measured)
        assert found(long_run)
        assert found(replace(long_run, segments=[short])).keys().isdisjoint({"telephone", "background"})


def test_the_wrong_language_has_its_cure_at_hand() -> None:
    chinese = replace(saying("he she the", foreign_share=0.9), options=TranscriptionOptions(language="en"))

    remedy = found(chinese)["wrong_language"].remedy
    assert remedy is not None
    assert (remedy.label, remedy.again) == ("Recognise again as Chinese", {"language": "zh"})


def test_some_misread_words_of_a_short_text_are_no_language() -> None:
    assert "wrong_language" not in found(saying("东郡为然", foreign_share=0.72))
    assert "wrong_language" in found(saying("东郡为然今天", foreign_share=0.72))


def test_mixed_speech_and_a_free_choice_are_no_wrong_language() -> None:
    assert found(saying("我们用 Python 写了很多 unit tests", foreign_share=0.4)) == {}
    free = replace(
        saying("and so my fellow americans ask not what", foreign_share=None), options=TranscriptionOptions()
    )
    assert found(free) == {}


def test_hotwords_are_told_when_unknown_or_unused_not_when_nobody_said_them() -> None:
    words = (Hotword("Жизнь"), Hotword("会议"))
    receipt = (Applied("hotwords", "Жизнь, 会议", "会议"), unusable(words[0], "Ж"))
    asked = replace(
        HEALTHY,
        options=TranscriptionOptions(hotwords=words),
        receipt=receipt,
    )
    assert list(found(asked)) == ["hotword_unknown"]
    assert "Жизнь (Ж)" in found(asked)["hotword_unknown"].explained()["fact"]

    deaf = replace(asked, options=TranscriptionOptions(hotwords=words, quality="fast"),
                   receipt=(Applied("hotwords", "会议", "", plain_reason("Fast reads every frame alone")),))  # fmt: skip
    remedy = found(deaf)["hotwords_unused"].remedy
    assert remedy is not None
    assert remedy.again == {"quality": "accurate"}


def test_figures_that_are_idioms_or_were_written_are_no_finding() -> None:
    assert found(saying("他一五一十地说了三三两两的事情啊")) == {}
    assert found(saying("2026年一共352万", "二零二六年一共三百五十二万")) == {}


def test_segments_that_all_reach_the_greatest_length_are_told() -> None:
    long = [replace(HEALTHY.segments[0], start=30.0 * n, end=30.0 * n + 29.4, text_raw="好" * 60) for n in range(6)]
    run = replace(HEALTHY, segments=long, duration=180.0)

    assert found(run)["cut_at_maximum"].params["cut"] == 6


def test_what_is_measured_is_kept_with_the_job(house: House) -> None:
    job = recognised(house, 0.2)
    record = house.queue.get(job)

    assert record.recording["sample_rate"] == 16_000
    assert len(record.recording["sound"]) == 1
    assert run_of(record, house.queue.segments(job)).sounds[0]["loud_db"] < 0
