"""Converts decoded frames of any rate, sample format and number of channels to mono at SAMPLE_RATE: the average of the
channels, or one of them.

Processes one frame at a time, so its memory does not depend on the length of the recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from app.domain.errors.audio import AudioDamaged
from app.domain.reasons import ODD_RATE
from app.engine import SAMPLE_RATE, Waveform

# Outside of these a header is wrong, and trusting it would cost gigabytes: of audio that was never recorded, or for
# the resampler's filter.
MIN_RATE = 1_000
MAX_RATE = 1_000_000
CANCELLED = 0.1  # of the energy of a mix of unrelated channels, -10 dB: they cancel each other
MOSTLY = 0.25  # of the loudest channel's energy: losing this much loses words
_PLANES_IN_A_FRAME = 8  # AV_NUM_DATA_POINTERS
_WIDE = ("s64", "s64p")


class MonoResampler:
    """Frames in, mono float32 in [-1, 1] at SAMPLE_RATE out.

    Channels are averaged before resampling: both are linear, so the order does not affect the result,
    but swresample's own mono is 3 dB louder for equal channels and clips, it refuses more than 64 channels, and
    a NaN sample would spread over its neighbours.
    """

    def __init__(self, channel: int | None = None) -> None:
        """Use one channel, counted from 0, or the average of all."""
        self._channel = channel
        self.not_numbers = 0
        """Number of NaN or infinite samples over all channels, which were zeroed."""
        self.numbers = 0
        self.energies: npt.NDArray[np.float64] = np.zeros(0)
        """Sum of the squares of each channel."""
        self._loud = self._lost = 0.0  # energy of the loudest channel of each frame, and that of cancelled frames
        self._rate = 0
        self._resampler = _new_resampler()
        self._packer = _Packer()

    @property
    def channel_instead(self) -> int | None:
        """Return the loudest channel, counted from 0, if averaging cancels the channels out."""
        return int(self.energies.argmax()) if self._lost > MOSTLY * self._loud else None

    def push(self, frame: av.AudioFrame) -> Iterator[Waveform]:
        """Add one decoded frame; its rate may differ from the previous one.

        Raises:
            AudioDamaged: no recorder has such a rate.
        """
        if frame.sample_rate != self._rate:
            yield from self.flush()
            self._rate = _believable(frame.sample_rate)
        yield from self._resampled(self._mono(frame))

    def flush(self) -> Iterator[Waveform]:
        """Return what is left in the resampler, at the end of the audio or when the rate changes."""
        yield from map(_samples, self._resampler.resample(None))
        self._resampler = _new_resampler()

    def _mono(self, frame: av.AudioFrame) -> Waveform:
        channels = self._numbers_only(_as_float(self._chosen(_by_channel(self._packer.readable(frame)))))
        mono: Waveform = channels.mean(axis=0, dtype=np.float32)
        self._count(channels, mono)
        return mono

    def _count(self, channels: npt.NDArray[np.float32], mono: Waveform) -> None:
        if len(self.energies) != len(channels):  # the first frame, or the number of channels changes half-way
            self.energies = np.zeros(len(channels))
        energies = np.square(channels).sum(axis=1, dtype=np.float64)
        self.energies += energies
        self._loud += energies.max(initial=0.0)
        if np.square(mono).sum(dtype=np.float64) < CANCELLED * energies.sum() / len(channels) ** 2:
            self._lost += energies.max(initial=0.0)

    def _chosen(self, channels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if self._channel is None:
            return channels
        if self._channel < len(channels):
            return channels[self._channel, np.newaxis]
        return np.zeros_like(channels[:1], dtype=np.float32)  # the channel ended before the others

    def _numbers_only(self, samples: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        wrong = samples.size - int(np.count_nonzero(np.isfinite(samples)))
        self.not_numbers += wrong
        self.numbers += samples.size - wrong
        if wrong:
            samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        return samples.clip(-1.0, 1.0).astype(np.float32)

    def _resampled(self, mono: Waveform) -> Iterator[Waveform]:
        frame = av.AudioFrame.from_ndarray(mono[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = self._rate
        yield from map(_samples, self._resampler.resample(frame))


class _Packer:
    """Makes frames of many planes readable: PyAV 18 looks for the end of the list of planes beyond its eight places,
    so that 7.1 sound, one plane per channel, ends in a segmentation fault. Integers of 64 bits it does not know.
    """

    def __init__(self) -> None:
        self._kind: tuple[str, str, int] | None = None
        self._converter = av.AudioResampler()

    def readable(self, frame: av.AudioFrame) -> av.AudioFrame:
        is_wide = frame.format.name in _WIDE
        if not is_wide and (not frame.format.is_planar or frame.layout.nb_channels < _PLANES_IN_A_FRAME):
            return frame
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            self._kind = kind
            packed = "dbl" if is_wide else frame.format.packed
            self._converter = av.AudioResampler(packed, frame.layout, frame.sample_rate)
        [readable] = self._converter.resample(frame)
        return readable


def _believable(rate: int) -> int:
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioDamaged(detail=ODD_RATE.of(rate=rate))
    return rate


def _new_resampler() -> av.AudioResampler:
    """A resampler takes its source rate from its first frame and keeps it."""
    return av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)


def _by_channel(frame: av.AudioFrame) -> npt.NDArray[Any]:
    """Return the samples as (channels, num_samples); packed formats come as one interleaved row."""
    samples = frame.to_ndarray()
    if frame.format.is_planar:
        return samples
    return samples.reshape(-1, frame.layout.nb_channels).T


def _as_float(samples: npt.NDArray[Any]) -> npt.NDArray[np.floating[Any]]:
    """Scale integers to [-1, 1); 8-bit samples are unsigned with their zero at 128."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128.0) / 128.0
    if np.issubdtype(samples.dtype, np.integer):
        return samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    return samples


def _samples(frame: av.AudioFrame) -> Waveform:
    samples: Waveform = frame.to_ndarray()[0]
    return samples
