"""Writes decoded samples as FLAC: every sample as it was recognised, and nothing of the tags of the recording."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from app.engine import SAMPLE_RATE
from app.engine.samples import BYTES_PER_SAMPLE

BLOCK_SAMPLES = 16 * SAMPLE_RATE


def write_flac(pcm: Path, target: Path, first: int = 0, count: int | None = None) -> int:
    """Write `count` samples (all) from sample `first` of a file that `decode` wrote; return how many there were.

    Raises:
        OSError: `target` cannot be written.
    """
    available = pcm.stat().st_size // BYTES_PER_SAMPLE
    end = available if count is None else min(available, first + count)
    with av.open(str(target), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE)
        stream.codec_context.layout = "mono"
        stream.codec_context.format = "s16"
        for start in range(first, end, BLOCK_SAMPLES):
            size = min(BLOCK_SAMPLES, end - start)
            samples = np.fromfile(pcm, dtype="<i2", count=size, offset=start * BYTES_PER_SAMPLE)
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = start - first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return max(0, end - first)
