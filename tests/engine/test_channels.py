"""The channels of a recording mixed, or each separately."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from app.domain.options import TranscriptionOptions, VadOptions
from app.domain.reasons import MANY_CHANNELS, ONE_CHANNEL, SAME_CHANNELS, SILENT_CHANNEL
from app.domain.transcript import Applied
from app.engine.audio.decoding import decode, read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.samples import channel_file
from app.engine.preparation.preparation import Cancelled, Prepared, prepare
from tests.engine import sounds

LIMITS = DecodeLimits(max_seconds=3600, cpu_seconds=60, memory_mb=512)


def written(folder: Path, *channels: np.ndarray, codec: str = "", container: str = "") -> Path:
    path = folder / "call"
    sound = np.stack(channels) if len(channels) > 1 else channels[0]
    if codec:
        return sounds.encode(
            path, sound, codec=codec, container=container, rate=48_000 if codec == "libopus" else 16_000,
            layout="stereo",
        )  # fmt: skip
    path.write_bytes(sounds.wav_bytes((sound * 32767).astype(np.int16)))
    return path


def prepared(source: Path, channels: str = "separate") -> Prepared:
    folder = source.parent
    return prepare(
        source,
        folder / "a.s16",
        folder / "peaks.json",
        VadOptions(),
        LIMITS,
        lambda: False,
        channels=channels,
    )


def call(first: list[float], second: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Two people who speak for a second at these moments, of a recording of ten seconds."""

    def person(moments: list[float]) -> np.ndarray:
        sound = sounds.silence(10.0)
        for moment in moments:
            at = round(moment * sounds.RATE)
            sound[at : at + sounds.RATE] = sounds.babble(1.0)
        return sound

    return person(first), person(second)


def share_of_tone(sound: np.ndarray, hertz: float) -> float:
    """How much of the energy lies within 50 Hz of a frequency."""
    energy = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / sounds.RATE)
    return float(energy[np.abs(frequencies - hertz) < 50].sum() / energy.sum())


def test_each_channel_gets_a_file_of_its_own(tmp_path: Path) -> None:
    left, right = sounds.tone(1.0, 300), sounds.tone(1.0, 700)

    facts = decode(written(tmp_path, left, right), tmp_path / "a.s16", LIMITS, separate=True)

    assert (facts.separate, facts.files, facts.mixed_because) == (2, (1, 2), None)
    for channel, sent in ((1, left), (2, right)):
        heard = read_waveform(channel_file(tmp_path / "a.s16", channel), 0, facts.duration)
        np.testing.assert_allclose(heard, sent, atol=1e-4)
    assert not (tmp_path / "a.s16").exists()


@pytest.mark.parametrize(("codec", "container"), [("flac", "flac"), ("aac", "ipod"), ("libmp3lame", "mp3")])
def test_channels_stay_apart_in_every_wrapping(tmp_path: Path, codec: str, container: str) -> None:
    voice, other = sounds.babble(2.0), sounds.tone(2.0, 3000.0, level=0.1)
    source = written(tmp_path, voice, other, codec=codec, container=container)

    facts = decode(source, tmp_path / "a.s16", LIMITS, separate=True)

    first, second = (read_waveform(channel_file(tmp_path / "a.s16", channel), 0, facts.duration) for channel in (1, 2))
    assert len(first) == len(second)
    assert sounds.similarity(voice, first) > 0.9
    assert [round(share_of_tone(sound, 3000.0), 1) for sound in (first, second)] == [0.0, 1.0]


def test_one_channel_is_read_as_it_is_and_the_receipt_says_why(tmp_path: Path) -> None:
    result = prepared(written(tmp_path, sounds.babble(2.0)))

    assert result.receipt(TranscriptionOptions(channels="separate"))[1] == Applied(
        "channels", "separate", "mix", ONE_CHANNEL
    )
    assert [span.channel for span in result.spans] == [None]
    assert (tmp_path / "a.s16").exists()


@pytest.mark.parametrize("codec", ["", "libmp3lame"])
def test_the_same_sound_on_both_channels_is_read_once(tmp_path: Path, codec: str) -> None:
    voice = sounds.babble(2.0)

    result = prepared(written(tmp_path, voice, voice, codec=codec, container="mp3"))

    assert result.facts.mixed_because == SAME_CHANNELS
    assert [span.channel for span in result.spans] == [None]
    assert [path.name for path in tmp_path.glob("*.s16")] == ["a.s16"]


def test_a_hall_full_of_microphones_is_mixed(tmp_path: Path) -> None:
    many = [sounds.tone(0.5, 200.0 + 50 * number) for number in range(9)]

    facts = decode(written(tmp_path, *many), tmp_path / "a.s16", LIMITS, separate=True)

    assert (facts.separate, facts.mixed_because) == (0, MANY_CHANNELS.of(count=9))


def test_what_is_said_on_both_channels_comes_in_the_order_of_time(tmp_path: Path) -> None:
    result = prepared(written(tmp_path, *call([1.0, 6.0], [3.5, 6.2])))

    assert [span.channel for span in result.spans] == [1, 2, 1, 2]
    assert result.spans[3].start < result.spans[2].end  # they spoke at the same time
    assert result.receipt(TranscriptionOptions(channels="separate"))[1] == Applied("channels", "separate", "separate")
    assert {path.name for path in tmp_path.iterdir()} == {"call", "1-a.s16", "2-a.s16", "peaks.json"}


def test_a_silent_channel_gets_no_text_and_a_warning(tmp_path: Path) -> None:
    result = prepared(written(tmp_path, *call([1.0, 6.0], [])))

    assert {span.channel for span in result.spans} == {1}
    assert result.warnings == (SILENT_CHANNEL.of(channel=2),)


def test_unless_they_are_asked_for_the_channels_are_mixed(tmp_path: Path) -> None:
    result = prepared(written(tmp_path, *call([1.0], [3.5])), channels="mix")

    assert [span.channel for span in result.spans] == [None, None]
    assert result.receipt(TranscriptionOptions(channels="mix"))[1] == Applied("channels", "mix", "mix")


def test_a_gap_in_the_recording_keeps_both_channels_in_time(tmp_path: Path) -> None:
    left, right = call([1.0, 4.0], [2.5, 5.5])
    source = tmp_path / "call"
    with av.open(str(source), "w", format="matroska") as output:
        sounds.add_sound(output, np.stack([left, right]), codec="flac", rate=16_000, layout="stereo", gap=(3.5, 5.5))

    facts = decode(source, tmp_path / "a.s16", LIMITS, separate=True)

    sizes = {channel_file(tmp_path / "a.s16", channel).stat().st_size for channel in (1, 2)}
    assert sizes == {round(facts.duration * 16_000) * 2}
    assert facts.duration == pytest.approx(12.0, abs=0.3)


def test_nothing_half_made_stays_of_a_cancelled_reading(tmp_path: Path) -> None:
    source = written(tmp_path, *call([1.0], [3.5]))

    with pytest.raises(Cancelled):
        prepare(
            source,
            tmp_path / "a.s16",
            tmp_path / "p.json",
            VadOptions(),
            LIMITS,
            lambda: True,
            channels="separate",
        )

    assert [path.name for path in tmp_path.iterdir()] == ["call"]


def test_a_real_call_is_read_person_by_person(shared_dir: Path, tmp_path: Path) -> None:
    source = shared_dir / "audio" / "codecs" / "zh-two-channel-call.wav"
    folder = tmp_path

    result = prepare(
        source, folder / "a.s16", folder / "p.json", VadOptions(), LIMITS, lambda: False, channels="separate"
    )

    assert {span.channel for span in result.spans} == {1, 2}
