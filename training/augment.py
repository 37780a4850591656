"""Makes a batch sound like other rooms, devices, codecs and noises; then hides parts of its features.

Works on padded batches: waveforms (batch, samples) in [-1, 1], features (batch, frames, mels). All randomness
comes from the generator that is passed in, so a resumed training sees the same sounds.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from training.packing import SAMPLE_RATE


@dataclass(frozen=True)
class AugmentConfig:
    """Probabilities for one utterance; SpecAugment widths are in features frames and mel bands."""

    colours: bool = True
    """Whether noise, filters and mu-law are computed at all."""
    noise: float = 0.35
    snr_db: tuple[float, float] = (4.0, 30.0)
    room: float = 0.25
    telephone: float = 0.2
    low_pass: float = 0.2
    mu_law: float = 0.12
    gain_db: tuple[float, float] = (-30.0, 0.0)
    time_masks: int = 2
    time_width: int = 24
    mel_masks: int = 2
    mel_width: int = 16
    floor: float = 0.15
    nat: float = 1.0
    """How much of the features a factor e in energy is; Whisper's are log10, divided by 4."""


CLEAN = AugmentConfig(colours=False, gain_db=(-12.0, 0.0), time_masks=0, mel_masks=0, floor=0)


def augment_waveforms(waves: Tensor, noises: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Noise, one random linear filter for room and band limit, mu-law, level. `noises` has the shape of `waves`."""
    if config.colours:
        waves = _with_noise(waves, noises, config, generator)
        waves = _filtered(waves, config, generator)
        return _mu_law(_normalised(waves, config, generator), config, generator)
    return _normalised(waves, config, generator)


def _with_noise(waves: Tensor, noises: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    low, high = config.snr_db
    snr = low + (high - low) * torch.rand(len(waves), 1, generator=generator)
    level = _rms(waves) / _rms(noises).clamp(min=1e-5) * 10 ** (-snr / 20)
    return waves + noises * level * _chosen(len(waves), config.noise, generator)


def _filtered(waves: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Multiply the spectra: tilt for all, a low pass and an exponentially decaying echo for some."""
    batch, count = waves.shape
    size = _fast_length(count + SAMPLE_RATE // 4)
    frequency = torch.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    cut = _cut_offs(batch, config, generator)
    tilt = (torch.rand(batch, 1, generator=generator) * 2 - 1) * 0.6
    response = ((frequency + 100) / 1100) ** tilt * torch.sigmoid((cut - frequency) / 60)
    response = response * _echoes(batch, size, config, generator)
    filtered: Tensor = torch.fft.irfft(torch.fft.rfft(waves, size) * response, size)
    return filtered[:, :count]


def _cut_offs(batch: int, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    kind = torch.rand(batch, 1, generator=generator)
    anywhere = 3600 + 4300 * torch.rand(batch, 1, generator=generator)
    telephone = 3400 + 500 * torch.rand(batch, 1, generator=generator)
    cut = torch.where(kind < config.telephone + config.low_pass, anywhere, torch.tensor(1e5))
    return torch.where(kind < config.telephone, telephone, cut)


def _echoes(batch: int, size: int, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Spectra of room responses: the direct sound and noise that decays by 60 dB within 0.1 to 0.6 s."""
    count = SAMPLE_RATE // 4
    time = torch.arange(count) / SAMPLE_RATE
    decay_s = 0.1 + 0.5 * torch.rand(batch, 1, generator=generator)
    tail = torch.randn(batch, count, generator=generator) * torch.exp(-6.9 * time / decay_s)
    tail = tail / tail.norm(dim=1, keepdim=True) * torch.rand(batch, 1, generator=generator)
    tail = tail * _chosen(batch, config.room, generator)
    tail[:, 0] += 1
    spectra: Tensor = torch.fft.rfft(tail, size)
    return spectra


def _normalised(waves: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    low, high = config.gain_db
    gain = low + (high - low) * torch.rand(len(waves), 1, generator=generator)
    peak = waves.abs().amax(dim=1, keepdim=True).clamp(min=1e-4)
    return waves / peak * 10 ** (gain / 20)


def _mu_law(waves: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """8-bit mu-law there and back (ITU-T G.711's curve)."""
    chosen = _chosen(len(waves), config.mu_law, generator).bool()
    squeezed = torch.sign(waves) * torch.log1p(255 * waves.abs()) / torch.log(torch.tensor(256.0))
    squeezed = torch.round(squeezed * 127) / 127
    coarse = torch.sign(squeezed) * (256 ** squeezed.abs() - 1) / 255
    return torch.where(chosen, coarse, waves)


def augment_features(
    features: Tensor, lengths: Tensor, fill: Tensor, config: AugmentConfig, generator: torch.Generator
) -> Tensor:
    """A raised floor for some (what quantising codecs leave), then SpecAugment filled with the mean `fill`."""
    features = _raised_floor(features, config, generator)
    hidden = _masks(features.shape[0], features.shape[2], config.mel_masks, config.mel_width, generator)[:, None, :]
    limit = (lengths / 400).ceil()  # a word a second may be hidden at most twice in 4 s
    for number in range(config.time_masks * 3):
        used = (number < config.time_masks * limit)[:, None]
        mask = _masks(features.shape[0], features.shape[1], 1, config.time_width, generator, lengths)
        hidden = hidden | (mask & used)[:, :, None]
    return torch.where(hidden, fill, features)


def _raised_floor(features: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    loudest = features.amax(dim=(1, 2), keepdim=True)
    nats = 7 + 6 * torch.rand(len(features), 1, 1, generator=generator)  # 30 to 56 dB
    chosen = _chosen(len(features), config.floor, generator)[:, :, None].bool()
    return torch.where(chosen, torch.maximum(features, loudest - config.nat * nats), features)


def _masks(
    batch: int, size: int, number: int, width: int, generator: torch.Generator, lengths: Tensor | None = None
) -> Tensor:
    place = torch.arange(size)
    hidden = torch.zeros(batch, size, dtype=torch.bool)
    ends = lengths[:, None] if lengths is not None else torch.full((batch, 1), size)
    for _ in range(number):
        start = torch.rand(batch, 1, generator=generator) * ends
        wide = torch.rand(batch, 1, generator=generator) * width
        hidden |= (place >= start) & (place < start + wide)
    return hidden


def _chosen(batch: int, probability: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(batch, 1, generator=generator) < probability).float()


def _rms(waves: Tensor) -> Tensor:
    return waves.square().mean(dim=1, keepdim=True).sqrt()


def _fast_length(count: int) -> int:
    """The next multiple of 4096: FFTs of powers of two and small factors are fast."""
    return -(-count // 4096) * 4096
