"""Recordings that were joined byte by byte are read one behind the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.errors.audio import AudioTooLong
from app.engine.audio.decoding import decode
from app.engine.audio.facts import AudioFacts, DecodeLimits
from app.engine.audio.samples import channel_file
from tests.engine import sounds

LIMITS = DecodeLimits(max_seconds=600, cpu_seconds=60, memory_mb=512)


def encoded(folder: Path, hertz: float, codec: str, container: str, layout: str = "mono") -> bytes:
    tone = sounds.tone(1.0, hertz=hertz)
    samples = np.stack([tone, 0.5 * tone[::-1]]) if layout == "stereo" else tone
    return sounds.encode(folder / "piece", samples, codec=codec, container=container, layout=layout).read_bytes()


def decoded(folder: Path, *pieces: bytes, separate: bool = False, limits: DecodeLimits = LIMITS) -> AudioFacts:
    (folder / "joined").write_bytes(b"".join(pieces))
    return decode(folder / "joined", folder / "out.s16", limits, separate=separate)


def pitch(folder: Path, second: int, channel: int | None = None) -> float:
    samples = np.fromfile(channel_file(folder / "out.s16", channel), dtype="<i2")[second * 16_000 :][2000:14_000]
    return float(np.abs(np.fft.rfft(samples)).argmax() * 16_000 / len(samples))


@pytest.mark.parametrize(("codec", "container"), [("pcm_s16le", "wav"), ("pcm_s16be", "aiff"), ("aac", "mp4")])
def test_every_piece_is_read(tmp_path: Path, codec: str, container: str) -> None:
    pieces = [encoded(tmp_path, hertz, codec, container) for hertz in (440.0, 880.0, 1320.0)]
    facts = decoded(tmp_path, *pieces)

    assert facts.duration == pytest.approx(3.0, abs=0.2)
    assert [warning.code for warning in facts.warnings] == ["pieces_joined"]
    assert [pitch(tmp_path, second) for second in range(3)] == pytest.approx([440, 880, 1320], abs=20)


def test_pieces_of_two_kinds_and_rates_are_read(tmp_path: Path) -> None:
    first = encoded(tmp_path, 440.0, "pcm_s16le", "wav")
    second = sounds.encode(
        tmp_path / "x", sounds.tone(1.0, hertz=880.0, rate=48_000), codec="flac", container="flac", rate=48_000
    )
    facts = decoded(tmp_path, first, second.read_bytes())

    assert facts.duration == pytest.approx(2.0, abs=0.05)
    assert pitch(tmp_path, 1) == pytest.approx(880, abs=10)


def test_separate_channels_go_on_in_the_next_piece(tmp_path: Path) -> None:
    pieces = [encoded(tmp_path, hertz, "pcm_s16le", "wav", "stereo") for hertz in (440.0, 880.0)]
    facts = decoded(tmp_path, *pieces, separate=True)

    assert (facts.separate, facts.duration) == (2, 2.0)
    assert pitch(tmp_path, 1, channel=2) == pytest.approx(880, abs=10)


def test_a_piece_with_other_channels_is_read_and_nothing_parted(tmp_path: Path) -> None:
    stereo, mono = encoded(tmp_path, 440.0, "pcm_s16le", "wav", "stereo"), encoded(tmp_path, 880.0, "pcm_s16le", "wav")
    for pieces in ((stereo, mono), (mono, stereo), (stereo, stereo, mono)):
        facts = decoded(tmp_path, *pieces, separate=True)

        assert facts.duration == float(len(pieces))
        assert facts.separate == 0
        assert facts.mixed_because
        assert [warning.code for warning in facts.warnings] == ["pieces_joined"]
        assert pitch(tmp_path, len(pieces) - 1) == pytest.approx(880 if pieces[-1] is mono else 440, abs=10)
        assert [path.name for path in tmp_path.glob("*.s16")] == ["out.s16"]


def test_channels_that_differ_in_a_later_piece_only_are_parted(tmp_path: Path) -> None:
    tone = sounds.tone(1.0)
    alike = sounds.encode(
        tmp_path / "x", np.stack([tone, tone]), codec="pcm_s16le", container="wav", layout="stereo"
    ).read_bytes()
    facts = decoded(tmp_path, alike, encoded(tmp_path, 880.0, "pcm_s16le", "wav", "stereo"), separate=True)

    assert (facts.separate, facts.mixed_because) == (2, None)
    assert pitch(tmp_path, 1, channel=2) == pytest.approx(880, abs=10)


def test_what_only_looks_like_a_recording_stays_a_warning(tmp_path: Path) -> None:
    facts = decoded(tmp_path, encoded(tmp_path, 440.0, "pcm_s16le", "wav"), b"RIFF\xff\xff\xff\x00WAVE" + b"\x55" * 900)

    assert facts.duration == 1.0
    assert [warning.code for warning in facts.warnings] == ["bytes_left"]


def test_the_limit_of_length_is_that_of_all_pieces(tmp_path: Path) -> None:
    piece = encoded(tmp_path, 440.0, "pcm_s16le", "wav")
    with pytest.raises(AudioTooLong):
        decoded(tmp_path, piece, piece, limits=DecodeLimits(max_seconds=1.5, cpu_seconds=60, memory_mb=512))


def test_a_last_piece_that_breaks_off_says_so(tmp_path: Path) -> None:
    piece = encoded(tmp_path, 440.0, "pcm_s16le", "wav")
    facts = decoded(tmp_path, piece, piece[:20_000])

    assert [warning.code for warning in facts.warnings] == ["cut_short", "pieces_joined"]
