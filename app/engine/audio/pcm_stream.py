"""Converts raw mono sound that arrives piece by piece to int16 at SAMPLE_RATE; pieces may end inside a sample."""

from __future__ import annotations

from typing import Literal, TypeAlias

import av
import numpy as np
import numpy.typing as npt

from app.engine import SAMPLE_RATE

Encoding: TypeAlias = Literal["pcm16", "mu-law", "a-law"]
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000  # of sound that somebody streams

Samples: TypeAlias = npt.NDArray[np.int16]

_MU_LAW_BIAS = 0x84


class PcmStream:
    """Bytes as a client sends them in; int16, little-endian, 16 kHz out. It keeps the resampler's state in between."""

    def __init__(self, encoding: Encoding = "pcm16", rate: int = SAMPLE_RATE) -> None:
        self._table = _TABLES.get(encoding)
        self._rate = rate
        self._rest = b""  # half of a sample
        self._resampler = None if rate == SAMPLE_RATE else _new_resampler()

    def push(self, sound: bytes) -> bytes:
        samples = self._decoded(sound)
        if self._resampler is None or not len(samples):
            return samples.tobytes()
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = self._rate
        return _joined(self._resampler.resample(frame))

    def flush(self) -> bytes:
        """Return what is still in the resampler, at the end of the sound."""
        if self._resampler is None:
            return b""
        resampler, self._resampler = self._resampler, _new_resampler()
        return _joined(resampler.resample(None))

    def _decoded(self, sound: bytes) -> Samples:
        if self._table is not None:
            return self._table[np.frombuffer(sound, dtype=np.uint8)]
        sound = self._rest + sound
        whole = len(sound) // 2 * 2
        self._rest = sound[whole:]
        return np.frombuffer(sound[:whole], dtype="<i2")


def _new_resampler() -> av.AudioResampler:
    """A resampler takes its source rate from its first frame and keeps it."""
    return av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)


def _joined(frames: list[av.AudioFrame]) -> bytes:
    return b"".join(frame.to_ndarray().tobytes() for frame in frames)


def _mu_law() -> Samples:
    """The linear value of every G.711 mu-law code, which is sent inverted."""
    codes = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (codes >> 4 & 7).astype(np.int32), (codes & 15).astype(np.int32)
    magnitude = ((mantissa << 3) + _MU_LAW_BIAS << exponent) - _MU_LAW_BIAS
    return np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)


def _a_law() -> Samples:
    """The linear value of every G.711 A-law code, of which every other bit is sent inverted."""
    codes = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = (codes >> 4 & 7).astype(np.int32), (codes & 15).astype(np.int32)
    magnitude = (mantissa << 4) + 8 + np.where(exponent > 0, 0x100, 0) << np.maximum(exponent - 1, 0)
    return np.where(codes & 0x80, magnitude, -magnitude).astype(np.int16)


_TABLES: dict[str, Samples] = {"mu-law": _mu_law(), "a-law": _a_law()}
