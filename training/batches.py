"""Which utterances meet in which batch: a plan for each epoch that depends only on the seed and the epoch."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.packing import SAMPLE_RATE, Pack, Utterance
from training.speed import at_speed


@dataclass(frozen=True)
class Item:
    """One utterance of one pack, and how many units its text has."""

    pack: Pack
    utterance: Utterance
    units: int = 0
    unit_times_ms: tuple[int, ...] = ()
    """The middle of each unit, where another model told them."""

    @property
    def is_aligned(self) -> bool:
        """Whether it is known when each token is spoken."""
        said = self.utterance
        if self.unit_times_ms:
            return True
        known = bool(said.spans_ms) or not said.text
        return known and len(said.syllables.split()) == len(said.spans_ms) // 2

    @property
    def density(self) -> float:
        """Units for each second: above the frame rate CTC cannot write them, well below it learns soonest."""
        return self.units / self.utterance.seconds


def plan_epoch(
    items: Sequence[tuple[Item, float]], *, batch_seconds: float, max_seconds: float, seed: int, epoch: int
) -> list[list[Item]]:
    """Batches of about equally long utterances with at most `batch_seconds` after padding, in random order.

    Each item comes as often as its weight says; a fraction is a chance. Longer items than `max_seconds` stay out.
    """
    random_ = random.Random(f"{seed}/{epoch}")
    drawn = [
        item
        for item, weight in items
        if item.utterance.seconds <= max_seconds
        for _ in range(int(weight + random_.random()))
    ]
    drawn.sort(key=lambda item: item.utterance.seconds * random_.uniform(0.93, 1.07))
    batches = _filled(drawn, batch_seconds)
    random_.shuffle(batches)
    return batches


def _filled(items: Sequence[Item], batch_seconds: float) -> list[list[Item]]:
    batches: list[list[Item]] = []
    batch: list[Item] = []
    longest = 0.0
    for item in items:
        longest = max(longest, item.utterance.seconds)
        if batch and longest * (len(batch) + 1) > batch_seconds:
            batches.append(batch)
            batch, longest = [], item.utterance.seconds
        batch.append(item)
    return [*batches, batch] if batch else batches


def waveforms(
    batch: Sequence[Item], random_: random.Random, max_silence: float, speeds: Sequence[float] = (1.0,)
) -> tuple[Tensor, Tensor, list[float]]:
    """Zero-padded float waveforms (batch, samples) in [-1, 1), with some silence before and after.

    Each is said at one of the `speeds`, but for those whose words the synthesiser marked.

    Returns them with their lengths, and the silence (ms) before each.
    """
    pieces, shifts_ms = [], []
    for item in batch:
        before, after = (int(random_.uniform(0, max_silence) * SAMPLE_RATE) for _ in range(2))
        samples = item.pack.samples(item.utterance).astype(np.float32)
        if not item.utterance.spans_ms:
            samples = at_speed(samples, random_.choice(speeds))
        pieces.append(torch.from_numpy(np.pad(samples, (before, after))) / 32768)
        shifts_ms.append(before * 1000 / SAMPLE_RATE)
    lengths = torch.tensor([len(piece) for piece in pieces])
    return torch.nn.utils.rnn.pad_sequence(pieces, batch_first=True), lengths, shifts_ms


def noises(pack: Pack, batch: int, count: int, random_: random.Random) -> Tensor:
    """A random stretch of non-speech for each utterance, repeated where it is too short."""
    rows = []
    for _ in range(batch):
        samples = pack.samples(random_.choice(pack.utterances))
        shift = random_.randrange(len(samples))
        rows.append(np.resize(np.roll(samples, shift), count).astype(np.float32) / 32768)
    return torch.from_numpy(np.stack(rows))
