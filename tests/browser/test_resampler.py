"""Conversion to 16 kHz: the frequencies of speech pass unchanged, aliases are suppressed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Server

Sound: TypeAlias = npt.NDArray[np.float64]
Convert: TypeAlias = Callable[..., Sound]

RATE = 16_000
SECONDS = 0.5
LEVEL = 0.5
EDGE = 400  # samples at either end, where the tone begins and breaks off

# Sends a tone through the converter in blocks, and what the delay holds back after it.
CONVERT = """async ([rate, hertz, seconds, level, block]) => {
  const { Resampler } = await import("/static/js/audio/resampler.js");
  const resampler = new Resampler(rate, 16000);
  const tone = Float32Array.from({ length: rate * seconds }, (_, n) => level * Math.sin((2 * Math.PI * hertz * n) / rate));
  const samples = [];
  const emit = (sample) => samples.push(sample);
  for (let at = 0; at < tone.length; at += block) resampler.push(tone.subarray(at, at + block), emit);
  resampler.push(new Float32Array(resampler.delay), emit);
  return samples;
}"""


@pytest.fixture(scope="module", name="convert")
def _convert(browser: Browser, server: Server) -> Iterator[Convert]:
    page = browser.new_page(base_url=server.address)
    page.goto("/static/favicon.svg")

    def convert(rate: int, hertz: float, block: int = 128) -> Sound:
        return np.array(page.evaluate(CONVERT, [rate, hertz, SECONDS, LEVEL, block]))

    yield convert
    page.close()


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_tone_of_speech_keeps_its_place_and_its_level(convert: Convert, rate: int) -> None:
    hertz = 0.4 * min(rate, RATE)
    expected = LEVEL * np.sin(2 * np.pi * hertz * np.arange(RATE * SECONDS) / RATE)

    got = convert(rate, hertz)

    assert abs(got.size - expected.size) <= 1
    middle = slice(EDGE, expected.size - EDGE)
    assert np.abs(got[middle] - expected[middle]).max() < 2e-3


@pytest.mark.parametrize(("rate", "hertz"), [(44_100, 8100), (48_000, 8100), (48_000, 12_000), (96_000, 23_000)])
def test_what_16_khz_cannot_hold_is_gone_instead_of_folding_back(convert: Convert, rate: int, hertz: float) -> None:
    got = convert(rate, hertz)

    assert 20 * np.log10(np.abs(got[EDGE:-EDGE]).max() / LEVEL) < -75


def test_the_blocks_in_which_sound_arrives_do_not_matter(convert: Convert) -> None:
    np.testing.assert_array_equal(convert(44_100, 1000, block=128), convert(44_100, 1000, block=5000))
