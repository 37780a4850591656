"""Networks with made-up weights, and a model whose voices are given by the pitch of a sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from app.engine import SAMPLE_RATE, Waveform
from app.engine.catalog.speaker_folder import EMBEDDING_FILE, SEGMENTATION_FILE
from app.engine.speakers import Activity, Embeddings, FrameClock, SpeakerModelInfo
from app.engine.speakers.campplus import CamPlusPlus
from app.engine.speakers.segmentation import SegmentationNetwork


def fill(network: nn.Module) -> None:
    """Give every tensor numbers that depend on its name's place only, of a size that keeps the activations moderate."""
    random = np.random.RandomState(7)
    state = network.state_dict()
    for name in sorted(state):
        shape = tuple(state[name].shape)
        if name.endswith("num_batches_tracked"):
            continue
        numbers = random.standard_normal(shape)
        if name.endswith("running_var"):
            numbers = 0.5 + np.abs(numbers)
        elif name.endswith(("low_hz_", "band_hz_")):
            numbers = np.abs(numbers) * 300
        elif name.endswith("window_"):
            numbers = np.hamming(2 * shape[0] + 1)[: shape[0]]
        elif name.endswith("n_"):
            numbers = 2 * np.pi * np.arange(-shape[1], 0.0)[None] / SAMPLE_RATE
        elif len(shape) > 1:
            numbers = numbers / np.sqrt(np.prod(shape[1:]))
        state[name] = torch.from_numpy(np.asarray(numbers, dtype=np.float32))
    network.load_state_dict(state)
    network.eval()


def write_networks(folder: Path, *, hears_one: bool = False) -> None:
    """Write a folder of both networks with made-up weights; with `hears_one`, one person speaks all the time."""
    voices, segmentation = CamPlusPlus(), SegmentationNetwork()
    fill(voices)
    fill(segmentation)
    if hears_one:
        with torch.no_grad():
            segmentation.classifier.bias[1] = 100.0
    torch.save(voices.state_dict(), folder / EMBEDDING_FILE)
    torch.save({"state_dict": segmentation.state_dict(), "epoch": 1}, folder / SEGMENTATION_FILE)


def features() -> torch.Tensor:
    return torch.from_numpy(np.random.RandomState(3).standard_normal((2, 231, 80)).astype(np.float32))


def sound() -> torch.Tensor:
    return torch.from_numpy((0.1 * np.random.RandomState(4).standard_normal((1, 32_000))).astype(np.float32))


PITCH = SpeakerModelInfo("pitch", FrameClock(10.0, 0.02, 0.01))


@dataclass(frozen=True)
class PitchModel:
    """Hears a tone as a voice: its frequency in hundreds of hertz is the dimension it points to."""

    info: SpeakerModelInfo = PITCH

    def activity(self, windows: Sequence[Waveform]) -> list[Activity]:
        return [self._activity(window) for window in windows]

    def _activity(self, window: Waveform) -> Activity:
        frames = window[: len(window) // 320 * 320].reshape(-1, 320)
        pitches = [_pitches(frame) for frame in frames]
        present = sorted({pitch for each in pitches for pitch in each})[:3]
        return np.array([[pitch in each for pitch in (*present, -1, -2, -3)[:3]] for each in pitches])

    def embeddings(self, waveforms: Sequence[Waveform]) -> Embeddings:
        random = np.random.default_rng(len(waveforms))
        found = np.zeros((len(waveforms), 32), dtype=np.float32)
        for place, waveform in enumerate(waveforms):
            for pitch in _pitches(waveform):
                found[place, pitch] = 1.0
        return found + 0.05 * random.standard_normal(found.shape).astype(np.float32)


def _pitches(samples: Waveform) -> list[int]:
    """Return the tones of a sound in hundreds of hertz."""
    if len(samples) < 320 or np.abs(samples).max() < 0.01:
        return []
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    bins = np.round(np.arange(1, 32) * 100 * len(samples) / SAMPLE_RATE).astype(int)
    return [number + 1 for number in np.flatnonzero(spectrum[bins] > 0.4 * spectrum.max()).tolist()]


def tones(turns: Sequence[tuple[float, float, int]], seconds: float) -> Waveform:
    """Return a recording in which each person, from 1, speaks in a tone of their own."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    times = np.arange(len(samples)) / SAMPLE_RATE
    for start, end, person in turns:
        part = slice(round(start * SAMPLE_RATE), round(end * SAMPLE_RATE))
        samples[part] += 0.3 * np.sin(2 * np.pi * 100 * (3 * person) * times[part]).astype(np.float32)
    return samples
