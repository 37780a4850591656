"""Features against Kaldi's own numbers and against torchaudio's port of Kaldi."""

import numpy as np
import pytest
import torch
from torchaudio.compliance import kaldi

from app.engine.features import KaldiFbank, num_frames, pad_waveforms


def waveform(samples: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    tone = 0.3 * np.sin(np.arange(samples) * 0.05) + 0.2  # with direct current, which must not matter
    return (tone + 0.05 * generator.standard_normal(samples)).astype(np.float32)


def features_of(*waveforms):
    return KaldiFbank()(*pad_waveforms(waveforms))


@pytest.mark.shared
def test_features_equal_kaldis(shared_dir):
    golden = np.load(shared_dir / "parity" / "kaldi_fbank.npz")
    features, lengths = features_of((golden["samples_int16"] / 32768).astype(np.float32))
    assert lengths.tolist() == [len(golden["fbank_povey"])]
    assert np.abs(features[0].numpy() - golden["fbank_povey"]).mean() <= 1e-4


@pytest.mark.parametrize("samples", [400, 559, 560, 16_000, 33_333])
def test_features_equal_torchaudios(samples):
    wave = waveform(samples)
    expected = kaldi.fbank(
        torch.from_numpy(wave)[None] * 32768,
        num_mel_bins=80,
        dither=0.0,
        energy_floor=0.0,
        sample_frequency=16_000,
    )
    features, _ = features_of(wave)
    torch.testing.assert_close(features[0], expected, atol=2e-3, rtol=0)


def test_digital_silence_has_finite_features():
    features, _ = features_of(np.zeros(16_000, np.float32))
    assert features.isfinite().all()


def test_a_padded_batch_equals_one_by_one():
    waves = [waveform(samples, seed) for seed, samples in enumerate((20_000, 8_123, 400))]
    batch, lengths = features_of(*waves)
    assert lengths.tolist() == num_frames(torch.tensor([len(wave) for wave in waves])).tolist()
    for row, length, wave in zip(batch, lengths, waves, strict=True):
        torch.testing.assert_close(row[:length], features_of(wave)[0][0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("samples", [0, 1, 399])
def test_less_than_a_frame_gives_no_frames(samples):
    features, lengths = features_of(waveform(samples))
    assert features.shape == (1, 0, 80)
    assert lengths.tolist() == [0]
