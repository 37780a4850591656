"""From tokens to words: grouping, times and confidence."""

from itertools import pairwise

import numpy as np
import pytest

from app.engine.audio.pauses import find_pauses
from app.engine.conformer.subsampling import CONVOLUTIONS
from app.engine.features.features import KaldiFbank, WhisperLogMel
from app.engine.tokens.alignment import TokenSpan
from app.engine.tokens.tokenizer import Tokenizer
from app.engine.tokens.words import REACH_SECONDS, FrameTimes, spoken_words
from tests.engine.sounds import noise, silence
from tests.engine.tiny_model import WHISPER, tiny_network

UNITS = ("<blank>", "<unk>", "<sos/eos>", "你", "好", "\u2581hello", "\u2581wor", "ld", "7", "，", "<space>")
UNITS += ("'", "s", "你好", "\u2581", "“", "“你", "a b")
TOKENIZER = Tokenizer(UNITS)
TIMES = FrameTimes(first_centre=0.08, step=0.08)


def said(units, frames=None, probabilities=None, waveform=None):
    """The words of `units`, one in every fourth frame unless told otherwise."""
    frames = frames or range(2, 2 + 4 * len(units), 4)
    probabilities = probabilities or [0.5] * len(units)
    spans = [TokenSpan(frame, frame + 1, p) for frame, p in zip(frames, probabilities, strict=True)]
    waveform = noise(TIMES.edge(max(frames, default=0) + 8), 0.1) if waveform is None else waveform
    return spoken_words(spans, [UNITS.index(unit) for unit in units], TOKENIZER, TIMES, waveform)


def texts(*units):
    return [word.text for word in said(units)]


def test_a_chinese_character_is_a_word_and_latin_pieces_join():
    assert texts("你", "好", "\u2581hello", "\u2581wor", "ld", "好") == ["你", "好", "hello", "world", "好"]


def test_a_latin_word_needs_no_space_before_it_after_chinese():
    assert texts("你", "s", "7", "好") == ["你", "s7", "好"]


def test_a_blank_between_words_parts_them():
    assert texts("s", "<space>", "s", "\u2581", "s") == ["s", "s", "s"]
    assert texts("s", "<unk>", "s") == ["ss"]


def test_an_apostrophe_stays_inside_its_word():
    assert texts("\u2581hello", "'", "s", "\u2581wor") == ["hello's", "wor"]


def test_marks_belong_to_the_word_before_and_opening_ones_to_the_next():
    assert texts("你", "，", "“", "好", "，") == ["你，", "“好，"]
    assert texts("，", "你") == ["，", "你"]
    assert texts("\u2581hello", "“你") == ["hello", "“你"]


def test_one_token_may_hold_several_words_which_share_its_time():
    first, second = said(["你好"], frames=[4])
    assert (first.text, second.text) == ("你", "好")
    assert first.end == second.start
    assert first.end - first.start == pytest.approx(second.end - second.start)
    assert texts("a b") == ["a", "b"]


def test_special_tokens_say_nothing():
    assert texts("<unk>", "你", "<sos/eos>") == ["你"]
    assert said([]) == ()


def test_a_word_is_as_probable_as_its_least_probable_piece():
    [word] = said(["\u2581wor", "ld"], probabilities=[0.9, 0.2])
    assert word.confidence == 0.2


def test_words_without_a_pause_meet_in_the_middle_between_their_frames():
    first, second = said(["你", "好"], frames=[3, 7])
    assert first.end == second.start == pytest.approx(0.08 + 5 * 0.08)


def test_words_reach_up_to_a_pause_between_them():
    sound = np.concatenate([noise(0.6, 0.1), silence(0.5), noise(0.9, 0.1)])
    first, second = said(["你", "好"], frames=[3, 15], waveform=sound)
    assert first.end == pytest.approx(0.6, abs=0.02)
    assert second.start == pytest.approx(1.1, abs=0.02)


def test_the_first_and_the_last_word_end_where_the_sound_does():
    sound = np.concatenate([silence(0.5), noise(0.3, 0.1), silence(1.0)])
    [word] = said(["你"], frames=[7], waveform=sound)
    assert (word.start, word.end) == pytest.approx((0.5, 0.8), abs=0.02)


def test_a_whisper_after_loud_speech_is_no_pause():
    sound = np.concatenate([noise(1.0, 0.5), noise(1.6, 0.002)])
    first, second, third = said(["你", "好", "你"], frames=[9, 17, 25], waveform=sound)
    assert first.end == second.start == pytest.approx(TIMES.edge(13) + 0.04)
    assert second.end == third.start


def test_no_word_reaches_far_into_sound_that_is_not_speech():
    first, second = said(["你", "好"], frames=[3, 50], waveform=noise(6, 0.1))
    assert first.end - first.start < 2 * REACH_SECONDS
    assert second.end - second.start < 2 * REACH_SECONDS


@pytest.mark.parametrize("seed", range(10))
def test_times_are_in_order_and_inside_the_waveform(seed):
    generator = np.random.default_rng(seed)
    frames = np.flatnonzero(generator.random(40) < 0.5).tolist()
    loud = np.repeat(generator.random(42) < 0.7, 1280) * 0.1
    sound = (loud * generator.standard_normal(len(loud)) + 1e-4).astype(np.float32)
    words = said(generator.choice(["你", "好", "\u2581hello"], len(frames)).tolist(), frames, waveform=sound)
    assert all(word.start < word.end for word in words)
    assert all(before.end <= after.start for before, after in pairwise(words))
    assert words[0].start >= 0
    assert words[-1].end <= len(sound) / 16_000


@pytest.mark.parametrize(
    ("input_layer", "seen", "step"),
    [("conv2d", 7, 4), ("conv2d6", 11, 6), ("conv2d8", 15, 8), ("dwconv2d8", 15, 8), ("linear", 1, 1)],
)
def test_a_frame_stands_for_the_middle_of_what_its_convolutions_see(input_layer, seen, step):
    times = FrameTimes.of(CONVOLUTIONS.get(input_layer, ()), KaldiFbank.first_centre, KaldiFbank.shift)
    assert times.first_centre == pytest.approx(((seen - 1) * 0.010 + 0.025) / 2)
    assert times.step == pytest.approx(step * 0.010)


@pytest.mark.parametrize(("halve_after_block", "first_centre", "step"), [(0, 0.0, 0.020), (1, 0.010, 0.040)])
def test_whispers_first_frame_stands_at_the_beginning(halve_after_block, first_centre, step):
    encoder = tiny_network(**WHISPER, halve_after_block=halve_after_block).encoder
    times = FrameTimes.of(encoder.convolutions, WhisperLogMel.first_centre, WhisperLogMel.shift)
    assert times.first_centre == pytest.approx(first_centre)
    assert times.step == pytest.approx(step)


def test_pauses_are_found_to_the_hundredth_of_a_second():
    sound = np.concatenate([silence(0.2), noise(1, 0.1), silence(0.35), noise(1, 0.1), silence(0.05)])
    expected = [(0, 0.2), (1.2, 1.55), (2.55, 2.6)]
    assert np.array(find_pauses(sound)) == pytest.approx(np.array(expected), abs=0.011)


def test_pauses_are_found_in_a_noisy_room():
    sound = np.concatenate([noise(1, 0.1), silence(0.5), noise(1, 0.1)]) + noise(2.5, 0.01, seed=2)
    assert np.array(find_pauses(sound)) == pytest.approx(np.array([(1.0, 1.5)]), abs=0.021)


def test_the_closure_of_a_consonant_is_no_pause():
    assert find_pauses(np.concatenate([noise(1, 0.1), silence(0.06), noise(1, 0.1)])) == []


@pytest.mark.parametrize("sound", [silence(0), silence(0.001), silence(0.02), silence(2), noise(2, 0.1)])
def test_where_the_level_never_changes_there_is_no_pause(sound):
    assert find_pauses(sound) == []
