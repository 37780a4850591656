"""Writes decoded samples as FLAC: lossless, and without the recording's tags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from app.engine import SAMPLE_RATE
from app.engine.audio.samples import BYTES_PER_SAMPLE
from app.free_space import keep_reserve

BLOCK_SAMPLES = 16 * SAMPLE_RATE
LAYOUTS = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")  # FLAC's layouts by number of channels


def write_flac(files: Sequence[Path], target: Path, first: int = 0, count: int | None = None) -> int:
    """Write `count` samples (all) from sample `first`; return how many there were.

    `files` are those written by `decode`: the mix, or one per channel.

    Raises:
        OSError: `target` cannot be written.
    """
    available = min(file.stat().st_size for file in files) // BYTES_PER_SAMPLE
    end = available if count is None else min(available, first + count)
    layout = LAYOUTS[len(files) - 1]
    with av.open(str(target), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE)
        stream.codec_context.layout = layout
        stream.codec_context.format = "s16"
        for start in range(first, end, BLOCK_SAMPLES):
            size = min(BLOCK_SAMPLES, end - start)
            keep_reserve(target.parent, size * len(files) * BYTES_PER_SAMPLE)
            block = np.stack([_read(file, start, size) for file in files], axis=1)
            frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="s16", layout=layout)
            frame.sample_rate = SAMPLE_RATE
            frame.pts = start - first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return max(0, end - first)


def _read(file: Path, start: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.fromfile(file, dtype="<i2", count=size, offset=start * BYTES_PER_SAMPLE)
