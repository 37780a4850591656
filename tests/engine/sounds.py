"""Generates the audio of the tests: no recordings needed."""

from __future__ import annotations

import functools
import shutil
import struct
import subprocess
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

RATE = 16_000
Samples = npt.NDArray[np.float32]
"""Mono (num_samples,) or (channels, num_samples), in [-1, 1]."""


def silence(seconds: float, rate: int = RATE) -> Samples:
    return np.zeros(round(seconds * rate), dtype=np.float32)


def tone(seconds: float, hertz: float = 440.0, level: float = 0.3, rate: int = RATE) -> Samples:
    times = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def noise(seconds: float, level: float, rate: int = RATE, seed: int = 1) -> Samples:
    generator = np.random.default_rng(seed)
    return (level * generator.standard_normal(round(seconds * rate))).astype(np.float32)


def buzz(seconds: float, rate: int = RATE, level: float = 0.2) -> Samples:
    """A buzzing voice around 120 Hz, five syllables a second; golden numbers of other programs were computed of it."""
    return level * np.resize(_second_of_buzz(rate), round(seconds * rate))


@functools.cache
def _second_of_buzz(rate: int) -> Samples:
    times = np.arange(rate) / rate
    pitch = 2 * np.pi * (120 * times + 3 * np.sin(2 * np.pi * times))
    voice = sum(
        np.exp(-(((120 * n - formant) / 250) ** 2)) * np.sin(n * pitch)
        for n in range(1, 28)
        for formant in (600, 1400, 2500)
    )
    sound = voice * (0.55 - 0.45 * np.cos(2 * np.pi * 5 * times))
    return (sound / np.abs(sound).max()).astype(np.float32)


VOWELS = ((800, 1200, 2500), (300, 2300, 3000), (500, 1900, 2500), (450, 900, 2400), (350, 800, 2300))
"""Formants in Hz."""


def babble(seconds: float, rate: int = RATE, level: float = 0.2) -> Samples:
    """Something that every detector takes for speech: a voice around 120 Hz, five syllables a second."""
    return level * np.resize(_second_of_babble(rate), round(seconds * rate))


@functools.cache
def _second_of_babble(rate: int) -> Samples:
    times = np.arange(rate) / rate
    return voiced(120 + 18 * np.cos(2 * np.pi * times), rate)


def voiced(hertz: npt.NDArray[np.float64], rate: int = RATE) -> Samples:
    """A voice that says the vowels one after the other, five a second, at a pitch that is given for every sample."""
    times = np.arange(hertz.size) / rate
    pitch = 2 * np.pi * np.concatenate([[0.0], np.cumsum((hertz[1:] + hertz[:-1]) / 2)]) / rate
    syllable = len(VOWELS) * times
    begun = syllable.astype(int) % len(VOWELS)
    passed = np.clip((syllable % 1 - 0.6) / 0.4, 0, 1)  # the end of a vowel glides into the next one
    vowels = np.array([*VOWELS, VOWELS[0]], dtype=np.float64).T
    formants = vowels[:, begun] * (1 - passed) + vowels[:, begun + 1] * passed
    voice = sum(
        (
            0.02 / n
            + sum(
                share * np.exp(-(((n * hertz - formant) / 127) ** 2))
                for share, formant in zip((1, 0.5, 0.25), formants, strict=True)
            )
        )
        * np.sin(n * pitch)
        for n in range(1, 28)
        if n * 138 < rate / 2
    )
    sound = voice * (0.45 - 0.45 * np.cos(2 * np.pi * len(VOWELS) * times) + 0.02)
    return (sound / np.abs(sound).max()).astype(np.float32)


@functools.cache
def espeak(text: str, voice: str = "en", words_per_minute: int = 160) -> Samples | None:
    """A sentence by espeak-ng at RATE, or None where it is not installed."""
    if shutil.which("espeak-ng") is None:
        return None
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "--stdout", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    samples = np.frombuffer(wav[44:], dtype="<i2").astype(np.float32) / 32768
    return resampled(samples, 22_050)


def sentence(text: str = "the quick brown fox jumps over the lazy dog", voice: str = "en") -> Samples:
    """A spoken sentence: by espeak-ng where it is installed, else a babble of similar length."""
    spoken = espeak(text, voice)
    return babble(0.06 * len(text)) if spoken is None else spoken


def resampled(samples: Samples, rate: int, target: int = RATE) -> Samples:
    """Good enough for made-up sounds: linear interpolation."""
    times = np.arange(round(len(samples) * target / rate)) * rate / target
    return np.interp(times, np.arange(len(samples)), samples).astype(np.float32)


def write_pcm(path: Path, samples: Samples) -> Path:
    """The format that `app.engine.audio.decoding.decode` writes."""
    path.write_bytes((np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes())
    return path


def wav_bytes(samples: npt.NDArray[np.generic], rate: int = RATE, *, data_size: int | None = None) -> bytes:
    """A WAV file of the samples as they are: int16, int32 or float32, (num_samples,) or (channels, num_samples)."""
    frames = np.atleast_2d(samples).T
    data = frames.astype(frames.dtype.newbyteorder("<")).tobytes()
    size = len(data) if data_size is None else data_size
    return (
        wav_header(size, rate, frames.shape[1], frames.dtype.itemsize, kind=3 if frames.dtype.kind == "f" else 1) + data
    )


def wav_header(data_size: int, rate: int, channels: int, sample_bytes: int, kind: int = 1) -> bytes:
    block = channels * sample_bytes
    form = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, kind, channels, rate, rate * block & 0xFFFFFFFF, block, 8 * sample_bytes
    )
    riff_size = min(data_size + 36, 0xFFFFFFFF)
    return struct.pack("<4sI4s", b"RIFF", riff_size, b"WAVE") + form + struct.pack("<4sI", b"data", data_size)


def encode(path: Path, samples: Samples, *, codec: str, container: str, rate: int = RATE, layout: str = "mono") -> Path:
    """Write samples at `rate`, (num_samples,) or (channels, num_samples), with FFmpeg's encoder."""
    with av.open(str(path), "w", format=container) as output:
        add_sound(output, samples, codec=codec, rate=rate, layout=layout)
    return path


def add_sound(
    output: av.container.OutputContainer,
    samples: Samples,
    *,
    codec: str,
    rate: int,
    layout: str = "mono",
    gap: tuple[float, float] | None = None,
) -> None:
    """Add a track; with a gap, what comes after its first time is stamped as if it came after its second one."""
    # Family 255 lets Opus take any number of channels.
    options = {
        "strict": "experimental",
        **({"mapping_family": "255"} if layout not in ("mono", "stereo") else {}),
    }
    stream = output.add_stream(codec, rate=rate, layout=layout, options=options)
    stream.bit_rate = 128_000  # wmav2 has no default
    encode_onto(output, stream, np.atleast_2d(samples), rate, layout, gap=gap)


def encode_onto(output, stream, channels: Samples, rate: int, layout: str, *, gap=None, garble=False) -> None:
    """Fill a track; garbled, with packets that no decoder takes."""
    packed = np.ascontiguousarray(channels.T).reshape(1, -1)  # PyAV cannot fill eight planes or more
    frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    for packet in [*stream.encode(frame), *stream.encode(None)]:
        if gap and packet.pts * packet.time_base >= gap[0]:
            shift = round((gap[1] - gap[0]) / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        if garble:
            packet.update(b"\x77" * packet.size)
        output.mux(packet)


def video(path: Path, sound: Samples | None, seconds: float = 1.0, container: str = "mp4") -> Path:
    """A film of grey pictures, with or without a sound track of 16 kHz."""
    with av.open(str(path), "w", format=container) as output:
        pictures = output.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        track = None if sound is None else output.add_stream("aac", rate=RATE, layout="mono")
        for number in range(round(seconds * 10)):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 5 * number % 255, dtype=np.uint8), format="rgb24")
            output.mux(pictures.encode(picture))
        output.mux(pictures.encode(None))
        if track is not None and sound is not None:
            encode_onto(output, track, sound[np.newaxis], RATE, "mono")
    return path


def with_cover(mp3: bytes) -> bytes:
    """An MP3 with a picture in its ID3 tag, as shops sell them."""
    picture = b"\x00image/png\x00\x03\x00" + _png()
    frame = b"APIC" + struct.pack(">IH", len(picture), 0) + picture
    size = len(frame)
    syncsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + syncsafe + frame + mp3


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\x80\x40\x20" * 2) * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def envelope(samples: Samples, rate: int = RATE) -> Samples:
    """The loudness every 20 ms."""
    size = rate // 50
    whole = samples[: len(samples) // size * size]
    return np.sqrt((whole.reshape(-1, size).astype(np.float64) ** 2).mean(axis=1)).astype(np.float32)


def similarity(left: Samples, right: Samples) -> float:
    """Correlation of two envelopes, at the best shift within 60 ms (encoders delay)."""
    a, b = envelope(left), envelope(right)
    shifts = range(-3, 4)
    return max(_correlation(a[max(0, s) :], b[max(0, -s) :]) for s in shifts)


def _correlation(a: Samples, b: Samples) -> float:
    size = min(len(a), len(b))
    return float(np.corrcoef(a[:size], b[:size])[0, 1])
