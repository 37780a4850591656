"""The same utterance spoken faster or slower, pitch and all, by resampling it (Ko, Peddinti, Povey, Khudanpur 2015)."""

import numpy as np
from numpy.typing import NDArray

_BLOCK = 256  # lengths are multiples of it: the FFT likes them


def at_speed(samples: NDArray[np.float32], speed: float) -> NDArray[np.float32]:
    """Samples that last `1 / speed` as long, to within 16 ms of padding."""
    if speed == 1 or not len(samples):
        return samples
    count = _BLOCK * -(-len(samples) // _BLOCK)
    target = _BLOCK * max(1, round(count / speed / _BLOCK))
    spectrum = np.fft.rfft(samples, count)[: target // 2 + 1]
    resampled = np.fft.irfft(spectrum, target) * (target / count)
    return resampled.astype(np.float32)
