"""Where speech begins and ends, and why the rest is dropped."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest

from app.domain.errors.requests import InvalidParameter
from app.domain.options import VadOptions
from app.domain.speech import Rule, SpeechReport
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.engine.vad.detection import classify_and_save, load_classified, vad_receipt
from app.engine.vad.frames import Frames
from app.engine.vad.grouping import SpeechGrouper
from app.engine.vad.silero import WEIGHTS, silero
from app.engine.vad.vad import find_speech, group_frames
from tests.engine import sounds
from tests.engine.sounds import babble, noise, silence


def found(tmp_path, *pieces: np.ndarray, **options: float | str) -> SpeechReport:
    asked = VadOptions().with_changes(**options)
    return find_speech(sounds.write_pcm(tmp_path / "a.s16", np.concatenate(pieces)), asked)


def everything(report: SpeechReport) -> list[tuple[float, float]]:
    return sorted(
        [(span.start, span.end) for span in report.spans] + [(part.start, part.end) for part in report.dropped]
    )


def test_two_sentences_are_two_spans_with_their_padding(tmp_path):
    report = found(tmp_path, silence(1.0), babble(2.0), silence(2.0), babble(3.0), silence(1.0))

    first, second = report.spans
    assert (first.start, first.end) == (pytest.approx(0.7, abs=0.15), pytest.approx(3.3, abs=0.15))
    assert (second.start, second.end) == (pytest.approx(4.7, abs=0.15), pytest.approx(8.3, abs=0.15))
    assert [dropped.rule for dropped in report.dropped] == [Rule.TOO_QUIET] * 3


@pytest.mark.parametrize("frame_ms", [10, 20, 30])
@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_every_mode_finds_speech_and_accounts_for_the_whole_recording(tmp_path, mode, frame_ms):
    report = found(tmp_path, silence(1.0), babble(2.003), silence(1.0), mode=mode, frame_ms=frame_ms)

    assert len(report.spans) == 1
    assert everything(report)[0][0] == 0.0
    assert everything(report)[-1][1] == pytest.approx(4.003, abs=1e-9)
    assert all(left[1] == right[0] for left, right in pairwise(everything(report)))


@pytest.mark.parametrize("detector", [{"mode": 0}, {"mode": 3}, {"threshold": 0.1}])
@pytest.mark.parametrize(
    "sound",
    [
        silence(20.0),
        noise(20.0, 1 / 32768),
        noise(20.0, 1e-4),
        silence(20.0) + 0.2,
        sounds.tone(20.0, 50, 5e-4),
    ],
    ids=["digital silence", "dither", "hiss", "constant offset", "faint hum"],
)
def test_silence_of_every_kind_holds_no_speech(tmp_path, detector, sound):
    report = found(tmp_path, sound, **detector)
    assert report.spans == ()
    assert {dropped.rule for dropped in report.dropped} == {Rule.TOO_QUIET}


def test_a_cough_is_dropped_as_too_short(tmp_path):
    report = found(tmp_path, silence(1.0), babble(0.15), silence(1.0), min_speech_ms=1000)
    assert report.spans == ()
    assert [dropped.rule for dropped in report.dropped] == [Rule.TOO_QUIET, Rule.TOO_SHORT, Rule.TOO_QUIET]


def test_sound_without_a_voice_is_dropped_as_no_speech(tmp_path):
    report = found(tmp_path, sounds.tone(3.0, 7000, 0.05), mode=3)
    assert report.spans == ()
    assert [dropped.rule for dropped in report.dropped] == [Rule.NOT_SPEECH]


@pytest.mark.parametrize("level", [0.5, 0.05, 0.005])
def test_quiet_speech_is_still_speech(tmp_path, level):
    [loud] = found(tmp_path, silence(1.0), babble(2.0), silence(1.0)).spans
    [span] = found(tmp_path, silence(1.0), babble(2.0, level=level), silence(1.0)).spans
    assert (span.start, span.end) == pytest.approx((loud.start, loud.end), abs=0.25)


@pytest.mark.parametrize("max_segment_ms", [1000, 5000, 30_000])
def test_over_long_speech_is_cut_without_losing_any(tmp_path, max_segment_ms):
    report = found(tmp_path, babble(70.0), max_segment_ms=max_segment_ms, speech_pad_ms=200)

    assert all(span.end - span.start <= max_segment_ms / 1000 + 1e-9 for span in report.spans)
    assert report.spans[0].start < 0.1
    assert report.spans[-1].end > 69.8
    assert all(left.end == right.start for left, right in pairwise(report.spans))


def test_over_long_speech_is_cut_in_its_short_pause(tmp_path):
    report = found(tmp_path, babble(7.0), silence(0.3), babble(7.0), max_segment_ms=10_000)
    assert report.spans[0].end == pytest.approx(7.15, abs=0.15)


def test_padding_is_shared_between_neighbours(tmp_path):
    report = found(tmp_path, babble(2.0), silence(1.0), babble(2.0), min_silence_ms=300, speech_pad_ms=2000)
    first, second = report.spans
    assert first.end <= second.start <= first.end + 0.033  # a frame
    assert (first.start, second.end) == (0.0, 5.0)


def test_a_recording_shorter_than_a_frame_holds_no_speech(tmp_path):
    assert found(tmp_path, babble(0.005)).spans == ()
    assert found(tmp_path, silence(0.0)) == SpeechReport((), ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("detector", "energy"),
        ("threshold", 1.1),
        ("mode", 4),
        ("frame_ms", 25),
        ("max_segment_ms", 999),
        ("min_speech_ms", -1),
        ("speech_pad_ms", 8000),
    ],
)
def test_options_out_of_bounds_are_refused_by_name(name, value):
    with pytest.raises(InvalidParameter, match=name):
        VadOptions(**{name: value})


@pytest.mark.shared
def test_no_word_of_a_read_sentence_is_left_out(shared_dir, tmp_path):
    """Every 90 ms that come within 20 dB of the loudest syllables lie inside a span."""
    for source in sorted((shared_dir / "speech" / "en-dev").iterdir())[::16]:
        decode(source, tmp_path / "a.s16", DecodeLimits(3600, 60, 512))
        samples = np.fromfile(tmp_path / "a.s16", dtype="<i2").astype(np.float32)
        frames = samples[: len(samples) // 480 * 480].reshape(-1, 480).std(axis=1)
        lost = frames > np.percentile(frames, 95) / 10
        for span in find_speech(tmp_path / "a.s16", VadOptions()).spans:
            lost[round(span.start / 0.03) : round(span.end / 0.03)] = False
        assert np.convolve(lost, np.ones(3)).max() < 3, source.name


@pytest.mark.shared
def test_recorded_silence_holds_no_speech(shared_dir, tmp_path):
    decode(shared_dir / "audio/nonspeech/digital-silence-20s.flac", tmp_path / "a.s16", DecodeLimits(60, 60, 512))
    assert find_speech(tmp_path / "a.s16", VadOptions(detector="webrtcvad", mode=0)).spans == ()


@pytest.mark.parametrize("seed", range(20))
def test_frames_that_were_kept_are_grouped_as_if_they_came_one_by_one(seed):
    generator = np.random.default_rng(seed)
    is_speech = np.repeat(generator.random(400) < 0.6, generator.integers(1, 30, 400))
    levels = generator.random(len(is_speech)).astype(np.float32) * 9000
    frames = Frames(levels, is_speech, len(is_speech) * 0.03)
    options = VadOptions(detector="webrtcvad", max_segment_ms=3000, min_silence_ms=300, speech_pad_ms=0)

    spans = group_frames(frames, options).spans

    grouper = SpeechGrouper(min_speech=7, min_silence=10, max_span=100, quiet_window=5)
    streamed = [span for span in grouper.pieces(0, is_speech, levels) if not span.too_short]
    assert [(round(span.start / 0.03), round(span.end / 0.03)) for span in spans] == [
        (span.first, span.end) for span in streamed
    ]
    assert len(spans) > 20


@pytest.mark.parametrize("asked", [{"mode": 3, "frame_ms": 10}, {"threshold": 0.5}])
def test_frames_come_back_from_the_disk_as_they_were(tmp_path, asked):
    options = VadOptions().with_changes(**asked)
    pcm = sounds.write_pcm(tmp_path / "a.s16", np.concatenate([silence(0.5), babble(1.0), silence(0.5)]))
    frames = classify_and_save(pcm, options, tmp_path)
    again = load_classified(tmp_path, options)

    assert again is not None
    assert (again.is_speech == frames.is_speech).all()
    assert (again.levels == frames.levels).all()
    assert again.duration == 2.0
    assert frames.is_speech.any()
    assert load_classified(tmp_path, VadOptions(detector="webrtcvad", mode=2)) is None


def test_what_silero_heard_serves_every_threshold(tmp_path):
    sound = np.concatenate([silence(0.5), babble(2.0), noise(1.0, 0.05), silence(0.5)])
    pcm = sounds.write_pcm(tmp_path / "a.s16", sound)
    classify_and_save(pcm, VadOptions(), tmp_path)

    for threshold in (0.0, 0.3, 0.9, 1.0):
        options = VadOptions(threshold=threshold)
        again = load_classified(tmp_path, options)
        assert again is not None
        assert group_frames(again, options) == find_speech(pcm, options)


def test_who_names_an_option_of_a_detector_means_that_one():
    assert VadOptions().with_changes(mode=3).detector == "webrtcvad"
    assert VadOptions(detector="webrtcvad").with_changes(threshold=0.4).detector == "silero"
    assert VadOptions().with_changes(detector="silero", mode=3).detector == "silero"
    assert VadOptions(detector="webrtcvad").with_changes(min_silence_ms=300).detector == "webrtcvad"


def test_options_of_before_there_was_a_choice_are_those_of_webrtcvad():
    stored = asdict(VadOptions(mode=1))
    del stored["detector"], stored["threshold"]

    assert VadOptions.from_dict(stored) == VadOptions(detector="webrtcvad", mode=1)
    assert VadOptions.from_dict(asdict(VadOptions(threshold=0.3))) == VadOptions(threshold=0.3)


def test_without_its_weights_webrtcvad_judges_and_the_receipt_says_so(tmp_path, monkeypatch):
    damaged = tmp_path / "silero.safetensors"
    damaged.write_bytes(WEIGHTS.read_bytes()[:-1])
    monkeypatch.setattr("app.engine.vad.silero.WEIGHTS", damaged)
    silero.cache_clear()
    try:
        receipt = vad_receipt(VadOptions(mode=3))
        report = found(tmp_path, silence(1.0), babble(2.0), silence(1.0), detector="silero")
    finally:
        silero.cache_clear()

    assert receipt.asked.startswith("Silero, threshold 0.7, ")
    assert receipt.applied.startswith("webrtcvad, mode 3, 30 ms, ")
    assert "silero.safetensors" in str(receipt.reason)
    monkeypatch.undo()
    assert report == found(tmp_path, silence(1.0), babble(2.0), silence(1.0), detector="webrtcvad")
