"""Streaming finds the same speech as the whole recording does afterwards."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.domain.options import VadOptions
from app.domain.speech import SpeechSpan
from app.engine import SAMPLE_RATE
from app.engine.vad.speech_stream import Closed, Heard, Opened, Paused, SpeechStream
from app.engine.vad.vad import find_speech
from tests.engine import sounds
from tests.engine.sounds import babble, noise, silence

TALK = (
    0.9,
    0.4,
    2.0,
    0.2,
    1.5,
    1.5,
    1.0,
    1.1,
    0.1,
    3.0,
    4.0,
    0.05,
    0.3,
    5.0,
    1.2,
)  # speech, pause, speech, ...


def talk(*seconds: float, level: float = 0.3) -> sounds.Samples:
    """A voice and pauses in turns, over the hiss of a room."""
    parts = [babble(each, level=level) if place % 2 == 0 else silence(each) for place, each in enumerate(seconds)]
    sound = np.concatenate([silence(0.5), *parts, silence(1.3)])
    return sound + noise(len(sound) / SAMPLE_RATE, 2e-4)


def as_samples(sound: sounds.Samples) -> np.ndarray:
    return (np.clip(sound, -1, 1) * 32767).round().astype("<i2")


def heard(sound: sounds.Samples, options: VadOptions, chunk: int = 1600, start: float = 0.0) -> list[Heard]:
    stream = SpeechStream(options, start)
    samples = as_samples(sound)
    parts = [samples[first : first + chunk] for first in range(0, len(samples), chunk)]
    return [*(event for part in parts for event in stream.push(part)), *stream.finish()]


def closed(events: list[Heard]) -> list[SpeechSpan]:
    return [event.span for event in events if isinstance(event, Closed)]


@pytest.mark.parametrize(
    "options",
    [
        VadOptions(),
        VadOptions(detector="webrtcvad"),
        VadOptions(detector="webrtcvad", mode=3, frame_ms=20),
        VadOptions(detector="webrtcvad", frame_ms=10, min_silence_ms=600),
        VadOptions(threshold=0.8),
        VadOptions(max_segment_ms=2000),
        VadOptions(max_segment_ms=1500, speech_pad_ms=0),
        VadOptions(min_speech_ms=1000),
    ],
    ids=[
        "default",
        "webrtcvad",
        "strict",
        "short frames",
        "sure",
        "cut",
        "cut without padding",
        "long words",
    ],
)
@pytest.mark.parametrize("chunk", [1600, 16_000, 777])
def test_the_segments_are_those_of_the_whole_recording(tmp_path: Path, options: VadOptions, chunk: int) -> None:
    sound = talk(*TALK)
    whole = find_speech(sounds.write_pcm(tmp_path / "a.s16", sound), options)

    assert closed(heard(sound, options, chunk)) == list(whole.spans)
    assert len(whole.spans) > 2


def test_a_sentence_of_a_real_voice_is_cut_as_in_the_whole_recording(tmp_path: Path) -> None:
    sound = np.concatenate([silence(0.5), sounds.sentence(), silence(1.0), sounds.sentence("good bye"), silence(1)])
    whole = find_speech(sounds.write_pcm(tmp_path / "a.s16", sound), VadOptions())

    assert closed(heard(sound, VadOptions())) == list(whole.spans)


def test_silence_shorter_than_the_padding_loses_and_doubles_no_frame() -> None:
    options = VadOptions(min_silence_ms=150, speech_pad_ms=300)
    spans = closed(heard(talk(1.0, 0.2, 1.0, 0.2, 1.0, 2.0, 1.0), options))

    assert len(spans) == 4
    assert all(left.end <= right.start for left, right in pairwise(spans))
    for span, first in zip(spans, (0.5, 1.7, 2.9, 5.9), strict=True):
        assert span.start <= first + 0.05
        assert span.end >= first + 0.9


def test_speech_is_told_when_it_is_long_enough_and_a_cough_never() -> None:
    events = heard(talk(0.1, 1.0, 1.0), VadOptions(min_speech_ms=400))

    [opened] = [event for event in events if isinstance(event, Opened)]
    [span] = closed(events)
    assert opened.start == span.start


def test_a_likely_end_is_told_before_the_silence_is_long_enough() -> None:
    events = heard(talk(1.0, 0.55, 1.0), VadOptions())

    kinds = [type(event) for event in events]
    assert kinds == [Opened, Paused, Paused, Closed]
    [first, last] = [event.span for event in events if isinstance(event, Paused)]
    assert first.end < last.end - 1.0
    assert [last] == closed(events)


def test_other_options_hold_from_the_next_segment_on() -> None:
    stream = SpeechStream(VadOptions(max_segment_ms=30_000))
    before = list(stream.push(as_samples(talk(2.0)[:-20_000])))
    stream.change(VadOptions(max_segment_ms=1000, speech_pad_ms=0))
    events = [*before, *stream.push(as_samples(talk(2.0, 1.0, 2.0))), *stream.finish()]

    lengths = [span.end - span.start for span in closed(events)]
    assert lengths[0] > 2.0
    assert len(lengths) > 3
    assert max(lengths[1:]) <= 1.0


def test_a_stream_that_goes_on_later_counts_from_there() -> None:
    sound = talk(1.0, 1.0, 1.0)
    [_, second] = closed(heard(sound, VadOptions()))
    later = 1.75  # in the pause
    [again] = closed(heard(sound[round(later * SAMPLE_RATE) :], VadOptions(), start=later))

    assert again.start == pytest.approx(second.start, abs=0.035)
    assert again.end == pytest.approx(second.end, abs=0.035)


@pytest.mark.parametrize("level", [0.05, 0.005])
def test_a_quiet_voice_is_heard_as_in_the_whole_recording(tmp_path: Path, level: float) -> None:
    sound = talk(*[3.0, 1.5] * 4, level=level)
    whole = find_speech(sounds.write_pcm(tmp_path / "a.s16", sound), VadOptions())
    spans = closed(heard(sound, VadOptions()))

    assert len(spans) == len(whole.spans) == 4
    assert spans[0].start <= whole.spans[0].start + 1.0  # until it was known to be quiet
    for span, wanted in zip(spans[1:], whole.spans[1:], strict=True):
        assert span.start <= wanted.start + 0.3
        assert span.end >= wanted.end - 0.1


def test_what_is_in_no_segment_to_come_can_be_forgotten() -> None:
    stream = SpeechStream(VadOptions())
    samples = as_samples(talk(*TALK))
    for first in range(0, len(samples), 1600):
        needed = stream.needed_from
        for event in stream.push(samples[first : first + 1600]):
            if isinstance(event, Closed | Paused):
                assert event.span.start >= needed
            if isinstance(event, Opened):
                assert event.start >= needed


def test_options_that_are_the_same_change_nothing() -> None:
    options = VadOptions()
    stream = SpeechStream(options)
    samples = as_samples(talk(*TALK))
    events = []
    for first in range(0, len(samples), 1600):
        stream.change(replace(options))
        events += stream.push(samples[first : first + 1600])
    events += stream.finish()

    assert closed(events) == closed(heard(talk(*TALK), options))


def test_the_detector_may_change_between_segments() -> None:
    """Its frames are of another length; what is found afterwards lies where it is spoken."""
    sound = as_samples(talk(1.0, 2.0, 1.0, 2.0, 1.0))
    stream = SpeechStream(VadOptions())
    events: list[Heard] = []
    for first in range(0, len(sound), 1600):
        if first == 24 * 1600:  # in the second pause
            stream.change(VadOptions(detector="webrtcvad"))
        if first == 54 * 1600:  # in the third
            stream.change(VadOptions())
        events.extend(stream.push(sound[first : first + 1600]))
    events.extend(stream.finish())

    begins = [span.start for span in closed(events)]
    assert begins == pytest.approx([0.2, 3.2, 6.2], abs=0.25)
    assert stream.heard_to == pytest.approx(len(sound) / SAMPLE_RATE, abs=0.04)


def test_a_segment_that_is_cut_ends_there_and_the_next_one_begins() -> None:
    stream = SpeechStream(VadOptions())
    before = [*stream.push(as_samples(talk(1.0)[:-8_000])), *stream.cut()]
    after = [*stream.push(as_samples(talk(1.0))), *stream.finish()]

    [first], [second] = closed(before), closed(after)
    assert first.end <= stream.heard_to
    assert second.start >= first.end


def test_a_segment_that_is_discarded_is_in_no_later_one() -> None:
    stream = SpeechStream(VadOptions())
    list(stream.push(as_samples(sounds.babble(1.0, level=0.3))))
    stream.discard()
    dropped_to = stream.heard_to
    [span] = closed([*stream.push(as_samples(talk(1.0))), *stream.finish()])

    assert span.start >= dropped_to
