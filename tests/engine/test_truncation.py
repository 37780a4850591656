"""A recording that breaks off says so, in whatever container; a whole one does not."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from app.domain.errors.base import AppError
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.truncation import is_broken_frame
from tests.engine import sounds

LIMITS = DecodeLimits(max_seconds=600, cpu_seconds=60, memory_mb=512)
SECONDS = 3.0
TOLD = {"cut_short", "ends_early", "damaged_places", "ends_at_damage", "audio_too_short", "not_audio"}
KINDS = [
    *(("wav", "pcm_s16le"), ("w64", "pcm_s16le"), ("aiff", "pcm_s16be"), ("caf", "pcm_s16be"), ("au", "pcm_s16be")),
    *(("sox", "pcm_s32le"), ("voc", "pcm_s16le"), ("avi", "pcm_s16le"), ("avi", "mp2"), ("flac", "flac")),
    *(("mp3", "libmp3lame"), ("mp2", "mp2"), ("adts", "aac"), ("ac3", "ac3"), ("eac3", "eac3")),
    *(("mpeg", "mp2"), ("vob", "ac3"), ("mpegts", "mp2"), ("mpegts", "aac"), ("flv", "aac")),
    *(("ogg", "libopus"), ("ogg", "flac"), ("webm", "libopus"), ("matroska", "pcm_s16le")),
    *(("asf", "wmav2"), ("wv", "wavpack"), ("tta", "tta"), ("rm", "ac3")),
    *(("nut", "aac"), ("nut", "libopus"), ("nut", "pcm_s16le")),
]
BETWEEN_PACKETS = [
    *(("wav", "pcm_s16le"), ("au", "pcm_s16be"), ("avi", "mp2"), ("flac", "flac"), ("mp3", "libmp3lame")),
    *(("mpeg", "mp2"), ("mpegts", "aac"), ("flv", "aac"), ("ogg", "libopus"), ("ogg", "flac"), ("webm", "libopus")),
    *(("asf", "wmav2"), ("tta", "tta"), ("rm", "ac3"), ("nut", "aac"), ("nut", "libopus")),
]
"""Without those that are frames and nothing around them: MP2, AAC in ADTS and AC-3 with a frame fewer are whole."""
OPTIONS = {
    "mp3 without a header": ("mp3", "libmp3lame", {"write_xing": "0"}),
    "WebM as it was streamed": ("webm", "libopus", {"live": "1"}),
    "MP4 with its index first": ("mp4", "aac", {"movflags": "faststart"}),
    "MP4 in fragments": ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "300000"}),
    "MOV of plain samples": ("mov", "pcm_s16le", {"movflags": "faststart"}),
}


def made(folder: Path, container: str, codec: str, options: dict[str, str]) -> bytes:
    file = folder / "whole"
    with av.open(str(file), "w", format=container, options=options) as output:
        rate = 48_000 if codec in ("dca", "libopus", "ac3", "eac3") else 16_000
        sounds.add_sound(output, sounds.tone(SECONDS, rate=rate), codec=codec, rate=rate)
    return file.read_bytes()


def codes(folder: Path, content: bytes) -> set[str]:
    file = folder / "recording"
    file.write_bytes(content)
    try:
        return {warning.code for warning in decode(file, folder / "out.s16", LIMITS).warnings}
    except AppError as error:
        return {error.code}


@pytest.mark.parametrize(("container", "codec"), KINDS, ids=lambda part: part)
def test_a_recording_that_breaks_off_says_so(tmp_path: Path, container: str, codec: str) -> None:
    check(tmp_path, made(tmp_path, container, codec, {}))


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_recording_of_a_special_kind_that_breaks_off_says_so(tmp_path: Path, kind: str) -> None:
    container, codec, options = OPTIONS[kind]
    check(tmp_path, made(tmp_path, container, codec, options))


@pytest.mark.parametrize(("container", "codec"), BETWEEN_PACKETS)
def test_a_recording_cut_between_two_packets_says_so(tmp_path: Path, container: str, codec: str) -> None:
    whole = made(tmp_path, container, codec, {})
    *ends, _ = packet_ends(tmp_path / "whole")
    for end in (ends[len(ends) // 2], ends[-1]):
        assert codes(tmp_path, whole[:end]) & TOLD, end


def packet_ends(file: Path) -> list[int]:
    with av.open(str(file)) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size and packet.pos is not None]
    return sorted({packet.pos + packet.size for packet in packets})


def test_plain_samples_without_a_length_that_end_within_one_say_so(tmp_path: Path) -> None:
    whole = made(tmp_path, "ircam", "pcm_s16le", {})

    assert not codes(tmp_path, whole) & TOLD
    assert "cut_short" in codes(tmp_path, whole[:-1])


def check(folder: Path, whole: bytes) -> None:
    assert not codes(folder, whole) & TOLD
    for share in (0.61, 0.87):  # the second loses less than a second
        assert codes(folder, whole[: int(len(whole) * share)]) & TOLD, share


@pytest.mark.parametrize("junk", [bytes(5000), b"TAG" + bytes(125)], ids=["padding", "a tag"])
def test_what_follows_a_whole_recording_is_no_loss(tmp_path: Path, junk: bytes) -> None:
    for container, codec in (("mp3", "libmp3lame"), ("wav", "pcm_s16le"), ("mpeg", "mp2"), ("webm", "libopus")):
        assert "cut_short" not in codes(tmp_path, made(tmp_path, container, codec, {}) + junk), container


@pytest.mark.parametrize("codec", ["mp2", "mp3", "ac3", "eac3", "dts", "aac", "unknown"])
@pytest.mark.parametrize("packet", [b"", b"\xff", bytes(8), b"\xff" * 8, b"\x0b\x77" + b"\xff" * 6])
def test_a_frame_with_a_header_of_nonsense_is_not_called_broken(codec: str, packet: bytes) -> None:
    assert not is_broken_frame(codec, packet) or packet[:2] == b"\x0b\x77"
