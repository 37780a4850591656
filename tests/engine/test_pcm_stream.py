"""Streamed sound of any rate and encoding is converted like a whole recording of it."""

from __future__ import annotations

import av
import numpy as np
import pytest

from app.engine.audio.pcm_stream import Encoding, PcmStream
from tests.engine.sounds import babble

TOLERANCE = 2  # of 32768: rounding


def pushed(stream: PcmStream, sound: bytes, size: int) -> np.ndarray:
    pieces = [stream.push(sound[place : place + size]) for place in range(0, len(sound), size)]
    return np.frombuffer(b"".join([*pieces, stream.flush()]), dtype="<i2")


def tone(rate: int, hertz: float = 440.0, seconds: float = 1.0) -> np.ndarray:
    return (10_000 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype("<i2")


def test_sound_of_the_right_rate_is_left_as_it_is() -> None:
    sound = (babble(0.5, level=0.3) * 32767).astype("<i2").tobytes()

    assert pushed(PcmStream(), sound, 333).tobytes() == sound


@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000, 44_100, 48_000])
def test_a_tone_keeps_its_pitch_length_and_level(rate: int) -> None:
    heard = pushed(PcmStream(rate=rate), tone(rate).tobytes(), 999)

    assert abs(len(heard) - 16_000) <= 32
    middle = slice(1000, 15_000)
    error = heard[middle].astype(float) - tone(16_000)[: len(heard)][middle]
    assert np.abs(error).max() < 100  # of an amplitude of 10,000


@pytest.mark.parametrize("size", [1, 7, 480, 100_000])
def test_the_pieces_it_comes_in_do_not_matter(size: int) -> None:
    sound = tone(24_000, seconds=0.2).tobytes()

    whole, pieces = pushed(PcmStream(rate=24_000), sound, len(sound)), pushed(PcmStream(rate=24_000), sound, size)

    assert np.abs(whole.astype(int) - pieces.astype(int)).max() <= TOLERANCE


@pytest.mark.parametrize(("encoding", "codec"), [("mu-law", "pcm_mulaw"), ("a-law", "pcm_alaw")])
def test_telephone_codes_are_decoded_as_by_ffmpeg(encoding: Encoding, codec: str) -> None:
    codes = bytes(range(256))
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate, decoder.layout = 16_000, "mono"
    [frame] = decoder.decode(av.Packet(codes))

    heard = np.frombuffer(PcmStream(encoding).push(codes), dtype="<i2")

    assert heard.tolist() == frame.to_ndarray()[0].tolist()
