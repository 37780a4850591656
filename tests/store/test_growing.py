"""A live recording can be read at every moment, and however it ends."""

from __future__ import annotations

import hashlib
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from app.store.files.live_wav import UNKNOWN, LiveWav, read_samples, wav_header

RATE = 16_000


def sound(samples: int, value: int) -> bytes:
    return np.full(samples, value, dtype="<i2").tobytes()


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_a_finished_recording_is_an_ordinary_wav(tmp_path: Path) -> None:
    wav = LiveWav(tmp_path / "source.wav", RATE)
    for value in (1, 2, 3):
        wav.append(sound(1600, value))
    size, digest = wav.close_up()
    wav.close()

    content = (tmp_path / "source.wav").read_bytes()
    assert (size, digest) == (len(content), hashlib.sha256(content).hexdigest())
    with wave.open(str(tmp_path / "source.wav")) as recording:
        assert (recording.getframerate(), recording.getnframes()) == (RATE, 4800)
        assert recording.readframes(4800) == b"".join(sound(1600, value) for value in (1, 2, 3))


def test_a_recording_whose_writer_was_killed_can_be_decoded(tmp_path: Path) -> None:
    wav = LiveWav(tmp_path / "source.wav", RATE)
    wav.append(sound(1600, 7))

    assert decoded(tmp_path / "source.wav").tolist() == [7] * 1600
    wav.close()


def test_what_was_not_noted_goes_when_the_recording_goes_on(tmp_path: Path) -> None:
    wav = LiveWav(tmp_path / "source.wav", RATE)
    wav.append(sound(1600, 1))
    wav.append(sound(1600, 2))
    wav.close()
    again = LiveWav(tmp_path / "source.wav", RATE, samples=1600)
    again.append(sound(800, 3))
    again.close()

    assert again.samples == 2400
    assert read_samples(tmp_path / "source.wav", 0, 9999) == sound(1600, 1) + sound(800, 3)
    assert read_samples(tmp_path / "source.wav", 1599, 2) == sound(1, 1) + sound(1, 3)


@pytest.mark.parametrize(("data_bytes", "told"), [(10, 10), (UNKNOWN - 44, UNKNOWN), (2**33, UNKNOWN)])
def test_a_length_that_a_wav_cannot_tell_stays_open(data_bytes: int, told: int) -> None:
    assert int.from_bytes(wav_header(RATE, data_bytes)[40:], "little") == told
